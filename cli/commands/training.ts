/** Options that the training commands have in common. */

import { adapterOption } from "./shared.ts";

/** Where the images are. */
export const dataOptions = {
  data_path: {
    kind: "text",
    value: "PATH",
    help: "training images (required): an HDF5 file, or a folder in which the file is found by its name",
  },
  valid_path: {
    kind: "text",
    value: "PATH",
    help: "validation images; default: --data_path if that is a folder, otherwise none",
  },
} as const;

/** How a run begins and ends. */
export const runOptions = {
  seed: {
    kind: "integer",
    least: 0,
    help: "seed of the initial weights, the order of the images and restarted codes",
    default: 816,
  },
  shuffle: {
    kind: "flag",
    help: "read the images in a new order each epoch, or in the file's order",
    default: true,
  },
  max_steps: { kind: "integer", least: 1, help: "end the run after this number of steps" },
  init: { kind: "text", value: "FILE", help: "weights to start from: .safetensors, .pt or .pth" },
  resume: { kind: "flag", help: "continue the run in --save_path from its latest checkpoint" },
} as const;

export const memoryOptions = {
  accumulate: {
    kind: "integer",
    least: 1,
    help:
      "split each batch into this number of equal parts to need less memory; default: the smallest number that fits",
  },
} as const;

export const precisionOptions = {
  precision: {
    kind: "text",
    choices: ["f32", "f16"],
    help: "how values between layers, their gradients and copies of the weights are stored: f32 or f16",
    default: "f32",
  },
} as const;

export const checkpointOptions = {
  checkpoint_every: { kind: "integer", least: 1, help: "epochs between checkpoints", default: 10 },
} as const;

export const reportOptions = {
  log_every: { kind: "integer", least: 1, help: "steps between two readings of the losses", default: 10 },
  profile: {
    kind: "flag",
    help:
      "time the GPU and the host: print the GPU's idle share and a table by operation, write profile.json and trace.json",
  },
  ...adapterOption,
  list_adapters: { kind: "flag", help: "list the GPUs and exit" },
} as const;
