/** `train:vqvae`: trains a codec from HDF5 files. */

import { defaultConfiguration, type VqvaeConfiguration } from "../src/models/vqvae/configuration.ts";
import type { FloatType } from "../src/graph/layout.ts";
import { trainVqvae } from "../src/train/vqvae/train.ts";
import { nameOptions } from "./common_options.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import {
  checkpointOptions,
  dataOptions,
  dataPaths,
  memoryOptions,
  precisionOptions,
  printAdapters,
  reportOptions,
  runOptions,
  showTraining,
  speedOptions,
  tuning,
} from "./training_options.ts";

const { in_channel: _, ...defaults } = defaultConfiguration;
const strides = [2, 4, 8, 16] as const;

const table = {
  ...dataOptions,
  save_path: { kind: "text", value: "FOLDER", help: "where the run is kept", default: "runs/vqvae" },
  ...nameOptions,
  n_epochs: { kind: "integer", least: 1, help: "epochs", default: 5600 },
  batch_size: { kind: "integer", least: 1, help: "images in a step", default: 128 },
  ...memoryOptions,
  ...precisionOptions,
  lr: { kind: "number", above: 0, help: "Adam's learning rate", default: 3e-4 },
  first_stride: {
    kind: "integer",
    choices: strides,
    help: "how much smaller the bottom codes' grid is",
    default: defaults.first_stride,
  },
  second_stride: {
    kind: "integer",
    choices: strides,
    help: "how much smaller again the top codes' grid is",
    default: defaults.second_stride,
  },
  embed_dim: { kind: "integer", least: 1, help: "length of a code", default: defaults.embed_dim },
  n_embed: { kind: "integer", least: 1, help: "codes in each codebook", default: defaults.n_embed },
  channel: {
    kind: "integer",
    least: 2,
    help: "width of the encoders and the decoder",
    default: defaults.channel,
  },
  n_res_block: { kind: "integer", least: 0, help: "residual blocks", default: defaults.n_res_block },
  n_res_channel: {
    kind: "integer",
    least: 1,
    help: "width inside a residual block",
    default: defaults.n_res_channel,
  },
  decay: {
    kind: "number",
    least: 0,
    help: "share of a codebook's moving sums that stays at each step",
    default: defaults.decay,
  },
  in_channel: {
    kind: "integer",
    least: 1,
    help: "channels of the images; grayscale is repeated",
    default: 3,
  },
  ...runOptions,
  kmeans_init: { kind: "flag", help: "starts the codes at k-means centres of the first batches" },
  restart_dead_codes: {
    kind: "number",
    value: "T",
    above: 0,
    help: "codes with a smoothed count under T take a random encoder output",
  },
  ...checkpointOptions,
  sample_every: { kind: "integer", least: 1, help: "epochs between sample pictures", default: 1 },
  ...speedOptions,
  ...reportOptions,
} as const;

async function main(): Promise<number> {
  const description = {
    name: "train:vqvae",
    summary: "trains a two-level VQ-VAE-2 on the images of an HDF5 file",
    examples: [
      "./vqray train:vqvae --data_path data --dataset brain --view all --size 64 --batch_size 16 --n_epochs 20",
      "./vqray train:vqvae --data_path train.hdf5 --valid_path valid.hdf5 --save_path runs/first --first_stride 8",
      "./vqray train:vqvae --data_path train.hdf5 --save_path runs/first --first_stride 8 --resume",
    ],
  };
  const options = readOptions(Deno.args, description, table);
  if (!options) return 0;
  const { list_adapters, tune, ...rest } = options;
  if (list_adapters) {
    await printAdapters();
    return 0;
  }
  const names = Object.keys(defaultConfiguration) as (keyof VqvaeConfiguration)[];
  const configuration = Object.fromEntries(
    names.map((name) => [name, options[name]]),
  ) as unknown as VqvaeConfiguration;
  const paths = await dataPaths(rest);
  const precision = rest.precision as FloatType;
  return await showTraining((context) =>
    trainVqvae({ ...rest, ...tuning(tune), ...paths, precision, configuration }, context)
  );
}

await run(main);
