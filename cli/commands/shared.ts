/** Options that several commands have in common. */

import { tuneModes } from "../../src/tune/tuner.ts";

export const adapterOption = {
  adapter: {
    kind: "text",
    value: "NAME",
    help: "the GPU, by its index in --list_adapters of the training commands or by part of its name",
  },
} as const;

/** Options by which data files are found in a folder. */
export const nameOptions = {
  dataset: {
    kind: "text",
    value: "NAME",
    help: "the data set, as spelled in the names of its files",
    default: "CheXpert",
  },
  view: {
    kind: "text",
    value: "NAME",
    help: "the view, as spelled in the names of the files",
    default: "frontal",
  },
  size: { kind: "integer", least: 1, help: "side of the images in pixels; default: that of the file" },
} as const;

/** Options that name a codec and the data file that it is applied to. */
export const codecOptions = {
  model: {
    kind: "text",
    value: "FILE",
    synonyms: ["vqvae_file"],
    help:
      "the codec (required): a .safetensors file of vqray, or weights from PyTorch in .pt, .pth or .safetensors",
  },
  data_path: {
    kind: "text",
    value: "PATH",
    help: "the images (required): an HDF5 file, or a folder in which the file is found by its name",
  },
} as const;

export const speedOptions = {
  tune: {
    kind: "text",
    value: "MODE",
    choices: tuneModes,
    help:
      "off, quick or full: time variants of the kernels on the adapter and keep the fastest for later runs; default: quick on GPUs, off on software adapters",
  },
} as const;
