/** `train:vqvae`: trains a codec from HDF5 files. */

import { UsageError } from "../src/errors.ts";
import { listAdapters } from "../src/gpu/device.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "../src/models/vqvae/configuration.ts";
import { Progress } from "../src/report/progress.ts";
import { textTable } from "../src/report/table.ts";
import { StopSignal } from "../src/train/stop_signal.ts";
import { trainVqvae } from "../src/train/train_vqvae.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { versions } from "./versions.ts";

const { in_channel: _, ...defaults } = defaultConfiguration;
const strides = [2, 4, 8, 16] as const;

const table = {
  data_path: {
    kind: "text",
    value: "PATH",
    help: "training images: an HDF5 file, or a folder of files with the usual names",
  },
  valid_path: {
    kind: "text",
    value: "PATH",
    help: "validation images; none without it, unless --data_path is a folder",
  },
  save_path: { kind: "text", value: "FOLDER", help: "where the run is kept", default: "runs/vqvae" },
  dataset: { kind: "text", value: "NAME", help: "the data set in the usual file names", default: "CheXpert" },
  view: { kind: "text", value: "NAME", help: "the view in the usual file names", default: "frontal" },
  size: { kind: "integer", least: 1, help: "side of the images; that of the file if left out" },
  n_epochs: { kind: "integer", least: 1, help: "epochs", default: 5600 },
  batch_size: { kind: "integer", least: 1, help: "images in a step", default: 128 },
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
  seed: { kind: "integer", least: 0, help: "of weights, order and restarts", default: 816 },
  shuffle: { kind: "flag", help: "a new order each epoch, or the file's", default: true },
  max_steps: { kind: "integer", least: 1, help: "ends the run after so many steps" },
  init: { kind: "text", value: "FILE", help: "weights to start from: .safetensors, .pt or .pth" },
  resume: { kind: "flag", help: "goes on where the run in --save_path stopped" },
  kmeans_init: { kind: "flag", help: "starts the codes at k-means centres of the first batches" },
  restart_dead_codes: {
    kind: "number",
    value: "T",
    above: 0,
    help: "codes with a smoothed count under T take a random encoder output",
  },
  checkpoint_every: { kind: "integer", least: 1, help: "epochs between checkpoints", default: 10 },
  sample_every: { kind: "integer", least: 1, help: "epochs between sample pictures", default: 1 },
  log_every: { kind: "integer", least: 1, help: "steps between two readings of the losses", default: 10 },
  adapter: { kind: "text", value: "NAME", help: "GPU by its index or a part of its name" },
  list_adapters: { kind: "flag", help: "lists the GPUs and ends" },
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
  if (options.list_adapters) {
    const rows = (await listAdapters()).map((
      { index, name, software },
    ) => [String(index), name, software ? "software" : "GPU"]);
    console.log(textTable(["index", "adapter", "kind"], rows));
    return 0;
  }
  const { list_adapters: __, data_path, ...rest } = options;
  if (data_path === undefined) throw new UsageError("--data_path: expected an HDF5 file or a folder of them");
  const names = Object.keys(defaultConfiguration) as (keyof VqvaeConfiguration)[];
  const configuration = Object.fromEntries(
    names.map((name) => [name, options[name]]),
  ) as unknown as VqvaeConfiguration;
  const isFolder = await Deno.stat(data_path).then((info) => info.isDirectory, () => false);
  const valid_path = rest.valid_path ?? (isFolder ? data_path : undefined);
  using stop = new StopSignal((name) =>
    console.error(`${name}: stopping after this step; once more ends at once`)
  );
  const outcome = await trainVqvae({ ...rest, data_path, valid_path, configuration }, {
    note: (text) => console.error(text),
    progress: (label, total, alreadyDone = 0) => new Progress({ label, total, alreadyDone }),
    stop,
    versions,
  });
  console.error(`${outcome.checkpoint}: ${outcome.epochs} epochs, ${outcome.steps} steps`);
  return outcome.exitCode ?? 0;
}

await run(main);
