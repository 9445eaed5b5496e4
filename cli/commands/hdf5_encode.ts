/** The options of `hdf5:encode`. */

import { dataFileOptions } from "./data_files.ts";
import { defineCommand } from "../command.ts";
import { adapterOption, codecOptions, nameOptions } from "./shared.ts";

export const hdf5EncodeCommand = defineCommand({
  name: "hdf5:encode",
  summary:
    "write the reconstructions and latents that a trained codec makes of an HDF5 file, with its labels",
  examples: [
    "./vqray hdf5:encode --model runs/first/checkpoint/best_vqvae.safetensors --data_path train.hdf5 --save_path encoded",
    "./vqray hdf5:encode --model vqvae_040.pt --data_path data --dataset brain --view all --size 64 --save_path encoded",
    "./vqray hdf5:encode --model vqvae_040.pt --data_path train.hdf5 --save_path encoded --only latent --resume",
  ],
  options: {
    ...codecOptions,
    save_path: { kind: "text", value: "FOLDER", help: "folder of the new files (required)" },
    ...nameOptions,
    ...dataFileOptions,
    split: {
      kind: "text",
      choices: ["train", "valid"],
      value: "NAME",
      help: "with a folder: train or valid; default: both",
    },
    only: {
      kind: "text",
      choices: ["recon", "latent"],
      value: "NAME",
      help: "write one kind of file: recon or latent; default: both",
    },
    batch_size: { kind: "integer", least: 1, help: "images in a pass", default: 32 },
    compression: {
      kind: "text",
      choices: ["gzip", "none"],
      value: "NAME",
      help: "gzip or none",
      default: "none",
    },
    resume: { kind: "flag", help: "continue a run that stopped, with the same options" },
    overwrite: { kind: "flag", help: "replace existing files" },
    ...adapterOption,
  },
});
