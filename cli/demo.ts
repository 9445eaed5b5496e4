/** `demo`: trains a codec on the brain MRI slices in data/, and compares originals and reconstructions. */

import { fileURLToPath } from "node:url";
import { compareBeforeAfter } from "../src/apply/codec/before_after.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "../src/models/vqvae/configuration.ts";
import { duration } from "../src/report/progress.ts";
import { trainVqvae } from "../src/train/vqvae/train.ts";
import { demoCommand } from "./commands/demo.ts";
import { freeFolder } from "./demo_folder.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { stopAfter, terminal } from "./terminal.ts";
import { tuning } from "./training.ts";
import { versions } from "./versions.ts";

/** Fewer channels and codes than by default, so that the training takes minutes on two processor cores. */
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
  const options = readOptions(Deno.args, demoCommand);
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
PSNR of ${images} validation slices: ${before} dB before, ${after} dB after ${duration(seconds)} of training
compression: ${
    valuesPerIndex.toFixed(1)
  } input values per code index (three channels, as the original repository counts)
             ${(8 / bitsPerPixel).toFixed(1)} : 1 in bits (plain indices need ${
    bitsPerPixel.toFixed(3)
  } bits per pixel, 8-bit gray pixels 8)
originals over reconstructions: ${picture}
loss curves: ${save_path}/loss_curves.png   weights: ${checkpoint}`);
}

await run(main);
