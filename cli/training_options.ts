/** What the training commands share: options, and how a run is shown. */

import { type TuneMode, tuneModes } from "../src/tune/tuner.ts";
import { listAdapters } from "../src/gpu/device.ts";
import { textTable } from "../src/report/table.ts";
import type { TrainOutcome } from "../src/train/run_options.ts";
import type { RunContext } from "../src/report/run_context.ts";
import { cacheFolder } from "./cache_folder.ts";
import { adapterOption, requireDataPath } from "./common_options.ts";
import { stopAfter, terminal } from "./terminal.ts";
import { versions } from "./versions.ts";

/** Where the images are. */
export const dataOptions = {
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
} as const;

/** How a run begins and ends. */
export const runOptions = {
  seed: { kind: "integer", least: 0, help: "of weights, order and restarts", default: 816 },
  shuffle: { kind: "flag", help: "a new order each epoch, or the file's", default: true },
  max_steps: { kind: "integer", least: 1, help: "ends the run after so many steps" },
  init: { kind: "text", value: "FILE", help: "weights to start from: .safetensors, .pt or .pth" },
  resume: { kind: "flag", help: "goes on where the run in --save_path stopped" },
} as const;

export const memoryOptions = {
  accumulate: {
    kind: "integer",
    least: 1,
    help:
      "equal parts in which a batch goes through the model, to need less memory; as few as fit if left out",
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

export const speedOptions = {
  tune: {
    kind: "text",
    value: "MODE",
    choices: tuneModes,
    help:
      "off, quick or full: tries variants of the kernels on the adapter and keeps the fastest for later runs; quick on GPUs and off on software adapters if left out",
  },
} as const;

/** How much the tuner is to try, and where it keeps what it finds. */
export function tuning(tune?: string): { tune?: TuneMode; cache_folder?: string } {
  return { tune: tune as TuneMode | undefined, cache_folder: cacheFolder() };
}

export const reportOptions = {
  log_every: { kind: "integer", least: 1, help: "steps between two readings of the losses", default: 10 },
  profile: {
    kind: "flag",
    help:
      "times the GPU and the host: the GPU's idle share, a table by operation, profile.json and trace.json",
  },
  ...adapterOption,
  list_adapters: { kind: "flag", help: "lists the GPUs and ends" },
} as const;

/** `--list_adapters`. */
export async function printAdapters(): Promise<void> {
  const rows = (await listAdapters()).map((
    { index, name, software },
  ) => [String(index), name, software ? "software" : "GPU"]);
  console.log(textTable(["index", "adapter", "kind"], rows));
}

/** The files' paths as they were given; a folder holds both. */
export async function dataPaths(
  { data_path, valid_path }: { data_path?: string; valid_path?: string },
): Promise<{ data_path: string; valid_path?: string }> {
  const path = requireDataPath(data_path);
  const isFolder = await Deno.stat(path).then((info) => info.isDirectory, () => false);
  return { data_path: path, valid_path: valid_path ?? (isFolder ? path : undefined) };
}

/** Trains with notes and progress on standard error, until the end or a signal; returns the exit code. */
export async function showTraining(
  train: (context: RunContext) => Promise<TrainOutcome>,
): Promise<number> {
  using stop = stopAfter("step");
  const outcome = await train({ ...terminal, stop, versions });
  console.error(`${outcome.checkpoint}: ${outcome.epochs} epochs, ${outcome.steps} steps`);
  return outcome.exitCode ?? 0;
}
