/** The options of `train:vqvae`. */

import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { dataFileOptions } from "./data_files.ts";
import { defineCommand } from "../command.ts";
import { nameOptions, speedOptions } from "./shared.ts";
import {
  checkpointOptions,
  dataOptions,
  memoryOptions,
  precisionOptions,
  reportOptions,
  runOptions,
} from "./training.ts";

const strides = [2, 4, 8, 16] as const;

export const trainVqvaeCommand = defineCommand({
  name: "train:vqvae",
  summary: "train a two-level VQ-VAE-2 on the images of an HDF5 file",
  examples: [
    "./vqray train:vqvae --data_path data --dataset brain --view all --size 64 --batch_size 16 --n_epochs 20",
    "./vqray train:vqvae --data_path train.hdf5 --valid_path valid.hdf5 --save_path runs/first --first_stride 8",
    "./vqray train:vqvae --data_path train.hdf5 --save_path runs/first --first_stride 8 --resume",
  ],
  options: {
    ...dataOptions,
    save_path: { kind: "text", value: "FOLDER", help: "folder of the run", default: "runs/vqvae" },
    ...nameOptions,
    ...dataFileOptions,
    n_epochs: { kind: "integer", least: 1, help: "epochs", default: 5600 },
    batch_size: { kind: "integer", least: 1, help: "images in a step", default: 128 },
    ...memoryOptions,
    ...precisionOptions,
    lr: { kind: "number", above: 0, help: "Adam's learning rate", default: 3e-4 },
    first_stride: {
      kind: "integer",
      choices: strides,
      help: "the grid of bottom codes is smaller than the image by this factor: 2, 4, 8 or 16",
      default: defaultConfiguration.first_stride,
    },
    second_stride: {
      kind: "integer",
      choices: strides,
      help: "the grid of top codes is smaller than that of the bottom codes by this factor: 2, 4, 8 or 16",
      default: defaultConfiguration.second_stride,
    },
    embed_dim: {
      kind: "integer",
      least: 1,
      help: "length of a code",
      default: defaultConfiguration.embed_dim,
    },
    n_embed: {
      kind: "integer",
      least: 1,
      help: "codes in each codebook",
      default: defaultConfiguration.n_embed,
    },
    channel: {
      kind: "integer",
      least: 2,
      help: "channels of the encoders and the decoder",
      default: defaultConfiguration.channel,
    },
    n_res_block: {
      kind: "integer",
      least: 0,
      help: "residual blocks in each encoder and decoder",
      default: defaultConfiguration.n_res_block,
    },
    n_res_channel: {
      kind: "integer",
      least: 1,
      help: "channels inside a residual block",
      default: defaultConfiguration.n_res_channel,
    },
    decay: {
      kind: "number",
      least: 0,
      help: "decay of the codebooks' moving averages at each step",
      default: defaultConfiguration.decay,
    },
    in_channel: {
      kind: "integer",
      least: 1,
      help: "channels of the images; grayscale is repeated",
      default: 3,
    },
    ...runOptions,
    init: { ...runOptions.init, synonyms: ["model"] },
    kmeans_init: { kind: "flag", help: "start the codes at k-means centres of the first batches" },
    restart_dead_codes: {
      kind: "number",
      value: "T",
      above: 0,
      help: "replace a code whose smoothed count falls below T with a random encoder output",
    },
    ...checkpointOptions,
    sample_every: { kind: "integer", least: 1, help: "epochs between sample pictures", default: 1 },
    ...speedOptions,
    ...reportOptions,
  },
});
