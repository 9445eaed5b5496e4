/** `demo`: the main job in a few minutes: trains a codec on the images that ship with vqray and shows what it has learnt. */

import { fileURLToPath } from "node:url";
import { compareBeforeAfter } from "../src/apply/codec/before_after.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "../src/models/vqvae/configuration.ts";
import { duration } from "../src/report/progress.ts";
import { trainVqvae } from "../src/train/vqvae/train.ts";
import { adapterOption } from "./common_options.ts";
import { freeFolder } from "./demo_folder.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { stopAfter, terminal } from "./terminal.ts";
import { tuning } from "./training_options.ts";
import { versions } from "./versions.ts";

const table = {
  save_path: {
    kind: "text",
    value: "FOLDER",
    help: "where the run is kept; the first free of runs/demo, runs/demo-2 … if left out",
  },
  n_epochs: { kind: "integer", least: 1, help: "epochs", default: 14 },
  ...adapterOption,
} as const;

/** Narrower than the default, with codebooks that follow faster: it learns these images in minutes on two processor cores. */
const configuration: VqvaeConfiguration = {
  ...defaultConfiguration,
  channel: 48,
  embed_dim: 32,
  n_embed: 256,
  decay: 0.95,
};
const seed = 816;

const data = fileURLToPath(new URL("../data/", import.meta.url));
const dataset = { dataset: "brain", view: "all", size: 64 };

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "demo",
    summary:
      "trains a codec on the brain MRI slices that ship with vqray, and compares originals and reconstructions",
    examples: ["./vqray demo", "./vqray demo --n_epochs 30 --save_path /tmp/longer"],
  }, table);
  if (!options) return 0;
  const save_path = options.save_path ?? await freeFolder("runs/demo");
  using stop = stopAfter("step");
  const started = performance.now();
  const outcome = await trainVqvae({
    ...tuning(),
    ...dataset,
    data_path: data,
    valid_path: data,
    save_path,
    n_epochs: options.n_epochs,
    batch_size: 4,
    lr: 1e-3,
    seed,
    shuffle: true,
    resume: false,
    checkpoint_every: options.n_epochs,
    sample_every: options.n_epochs,
    log_every: 10,
    kmeans_init: true,
    restart_dead_codes: 0.1,
    adapter: options.adapter,
    configuration,
  }, { ...terminal, stop, versions });
  if (outcome.exitCode !== undefined) return outcome.exitCode;
  const seconds = (performance.now() - started) / 1000;
  await showResult(outcome.checkpoint, save_path, options.adapter, seconds);
  return 0;
}

async function showResult(
  checkpoint: string,
  save_path: string,
  adapter: string | undefined,
  seconds: number,
): Promise<void> {
  const picture = `${save_path}/comparison.png`;
  const { images, psnr, valuesPerIndex, bitsPerPixel } = await compareBeforeAfter({
    checkpoint,
    seed,
    ...dataset,
    data_path: data,
    picture,
    adapter,
  });
  const [before, after] = [psnr.before, psnr.after].map((value) => value.toFixed(1));
  console.log(`
PSNR of ${images} slices that training never saw: ${before} dB before, ${after} dB after ${
    duration(seconds)
  } of training
compression: ${
    valuesPerIndex.toFixed(1)
  } input values a code index (three channels, as the original repository counts)
             ${(8 / bitsPerPixel).toFixed(1)} : 1 in bits (${
    bitsPerPixel.toFixed(3)
  } bit a pixel as plain indices, against 8 bit a grey pixel)
originals over reconstructions: ${picture}
loss curves: ${save_path}/loss_curves.png   weights: ${checkpoint}`);
}

await run(main);
