/** What the training commands share: options, and how a run is shown. */

import { UsageError } from "../src/errors.ts";
import { listAdapters } from "../src/gpu/device.ts";
import { Progress } from "../src/report/progress.ts";
import { textTable } from "../src/report/table.ts";
import type { Surroundings, TrainOutcome } from "../src/train/run_options.ts";
import { StopSignal } from "../src/train/stop_signal.ts";
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

/** How images are found in a folder. */
export const nameOptions = {
  dataset: { kind: "text", value: "NAME", help: "the data set in the usual file names", default: "CheXpert" },
  view: { kind: "text", value: "NAME", help: "the view in the usual file names", default: "frontal" },
  size: { kind: "integer", least: 1, help: "side of the images; that of the file if left out" },
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

export const checkpointOptions = {
  checkpoint_every: { kind: "integer", least: 1, help: "epochs between checkpoints", default: 10 },
} as const;

export const reportOptions = {
  log_every: { kind: "integer", least: 1, help: "steps between two readings of the losses", default: 10 },
  profile: {
    kind: "flag",
    help:
      "times the GPU and the host: the GPU's idle share, a table by operation, profile.json and trace.json",
  },
  adapter: { kind: "text", value: "NAME", help: "GPU by its index or a part of its name" },
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
  if (data_path === undefined) throw new UsageError("--data_path: expected an HDF5 file or a folder of them");
  const isFolder = await Deno.stat(data_path).then((info) => info.isDirectory, () => false);
  return { data_path, valid_path: valid_path ?? (isFolder ? data_path : undefined) };
}

/** Trains with notes and progress on standard error, until the end or a signal; returns the exit code. */
export async function showTraining(
  train: (surroundings: Surroundings) => Promise<TrainOutcome>,
): Promise<number> {
  using stop = new StopSignal((name) =>
    console.error(`${name}: stopping after this step; once more ends at once`)
  );
  const outcome = await train({
    note: (text) => console.error(text),
    progress: (label, total, alreadyDone = 0) => new Progress({ label, total, alreadyDone }),
    stop,
    versions,
  });
  console.error(`${outcome.checkpoint}: ${outcome.epochs} epochs, ${outcome.steps} steps`);
  return outcome.exitCode ?? 0;
}
