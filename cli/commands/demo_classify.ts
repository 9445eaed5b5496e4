/** The options of `demo:classify`. */

import { defineCommand } from "../command.ts";
import { adapterOption } from "./shared.ts";

export const demoClassifyCommand = defineCommand({
  name: "demo:classify",
  summary: "train a codec, then classifiers of originals, reconstructions and latents, and compare them",
  examples: ["./vqray demo:classify", "./vqray demo:classify --n_epochs 8 --save_path /tmp/longer"],
  options: {
    save_path: {
      kind: "text",
      value: "FOLDER",
      help: "folder of all runs; default: the first of runs/classify, runs/classify-2 … that does not exist",
    },
    codec_epochs: { kind: "integer", least: 1, help: "epochs of the codec", default: 4 },
    n_epochs: { kind: "integer", least: 1, help: "epochs of each classifier", default: 2 },
    ...adapterOption,
  },
});
