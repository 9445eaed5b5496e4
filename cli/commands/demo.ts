/** The options of `demo`. */

import { defineCommand } from "../command.ts";
import { adapterOption } from "./shared.ts";

export const demoCommand = defineCommand({
  name: "demo",
  summary: "train a codec on the brain MRI slices in data/, and compare originals and reconstructions",
  examples: ["./vqray demo", "./vqray demo --n_epochs 30 --save_path /tmp/longer"],
  options: {
    save_path: {
      kind: "text",
      value: "FOLDER",
      help: "folder of the run; default: the first of runs/demo, runs/demo-2 … that does not exist",
    },
    n_epochs: { kind: "integer", least: 1, help: "epochs", default: 14 },
    ...adapterOption,
  },
});
