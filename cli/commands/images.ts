/** The options of `images`. */

import { imageFileOptions } from "./data_files.ts";
import { defineCommand } from "../command.ts";
import { adapterOption, codecOptions, nameOptions } from "./shared.ts";

export const imagesCommand = defineCommand({
  name: "images",
  summary: "write images, their reconstructions and the differences as 8-bit PNG files",
  examples: [
    "./vqray images --model runs/first/checkpoint/best_vqvae.safetensors --data_path valid.hdf5 --save_path pictures",
    "./vqray images --model vqvae_040.pt --data_path data --dataset brain --view all --size 64 --save_path pictures --indices 0,5,7 --grid",
  ],
  options: {
    ...codecOptions,
    save_path: {
      kind: "text",
      value: "FOLDER",
      help: "folder (required) in which original, reconstruction, difference and sheet are made",
    },
    ...nameOptions,
    ...imageFileOptions,
    split: {
      kind: "text",
      choices: ["train", "valid"],
      value: "NAME",
      help: "with a folder: train or valid",
      default: "valid",
    },
    count: {
      kind: "integer",
      least: 1,
      help: "write this number of images from the file's start; default: 16",
    },
    indices: { kind: "text", value: "N,N…", help: "write these images of the file instead; the first is 0" },
    grid: { kind: "flag", help: "also write grid.png with up to 64 of the images" },
    overwrite: { kind: "flag", help: "replace existing pictures" },
    ...adapterOption,
  },
});
