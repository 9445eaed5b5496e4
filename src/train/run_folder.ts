/** The folder of a run: makes a new one, or reopens that of an earlier run. */

import { join } from "node:path";
import { DataError, UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { makeFolder, writeFileAtomic } from "../io/atomic.ts";
import { Tuner } from "../tune/tuner.ts";
import type { ModelDescription } from "../trained/model_description.ts";
import { findCheckpoint, findRunState, loadCheckpoint, type SavedRun } from "./checkpoint.ts";
import { MetricsLog } from "./metrics_log.ts";
import type { RunData } from "./run_data.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunContext } from "../report/run_context.ts";
import type { Trainer } from "./trainer.ts";

/** What a new run starts with. */
export interface NewRun {
  /** Folders in which the run leaves files, beside `checkpoint`. */
  folders: readonly string[];
  /** Reads the weights to start from, if not those of the seed; nothing has been written yet. */
  readWeights(): Promise<ReadonlyMap<string, Float32Array<ArrayBuffer>> | undefined>;
  /** Called when the weights are in place. */
  initialise?(): Promise<void>;
}

/** A folder that is ready for a run. */
export interface RunFolder {
  log: MetricsLog;
  /** The checkpoint from which a resumed run continues. */
  saved?: SavedRun;
}

/**
 * Makes the folder of a new run and gives the trainer its weights, or with `--resume` reads the furthest checkpoint of
 * an earlier run.
 *
 * @throws {DataError} if the folder of a new run holds a run already, or that of an earlier one no checkpoint of this
 * model.
 * @throws {UsageError} if the earlier run had other options that its results depend on.
 */
export async function openRunFolder(
  model: ModelDescription,
  { options, trainer }: { options: RunOptions; trainer: Trainer },
  newRun: NewRun,
): Promise<RunFolder> {
  const { save_path, resume } = options;
  if (resume) return await reopenRunFolder(model, { options, trainer });
  const metrics = metricsPath(save_path);
  // A run that ended before its first losses left nothing worth keeping.
  const exists = await Deno.stat(metrics).then(({ size }) => size > 0, () => false);
  if (exists) {
    throw new DataError(
      `${save_path}: holds a run already; continue it with --resume, or choose another folder`,
    );
  }
  const weights = await newRun.readWeights();
  for (const name of ["checkpoint", ...newRun.folders]) await makeFolder(join(save_path, name));
  if (weights) trainer.state.write(weights);
  await newRun.initialise?.();
  return { log: await MetricsLog.create(metrics) };
}

/**
 * Opens the tuner of a run. A resumed run keeps the kernels that it began with.
 *
 * @throws {UsageError} if a resumed run asks for another way of tuning.
 */
export async function openTuner(
  { tune: mode, cache_folder: folder, save_path, resume }: RunOptions,
  { note }: RunContext,
  gpu: Gpu,
): Promise<Tuner> {
  const state = resume ? await findRunState(checkpointFolder(save_path)) : undefined;
  const saved = state && (state.kernels ?? { tune: "off", choices: {} });
  if (saved && mode !== undefined && saved.tune !== mode) {
    throw new UsageError(`--tune ${mode}: the run in ${save_path} began with ${saved.tune}`);
  }
  return await Tuner.open(gpu, { mode, folder, saved, note });
}

function checkpointFolder(save_path: string): string {
  return join(save_path, "checkpoint");
}

async function reopenRunFolder(
  model: ModelDescription,
  { options, trainer }: { options: RunOptions; trainer: Trainer },
): Promise<RunFolder> {
  const { save_path } = options;
  const folder = checkpointFolder(save_path);
  const found = await findCheckpoint(folder);
  if (!found) {
    throw new DataError(`${save_path}: there is no checkpoint to resume from, expected one in ${folder}`);
  }
  const { seed, batch_size, precision = "f32" } = options;
  const own = { seed, batch_size, precision, accumulate: trainer.accumulate };
  // Old checkpoints lack these; their runs had these values.
  const defaults = { accumulate: 1, precision: "f32" };
  const shapes = { weights: trainer.state.shapes, moments: trainer.state.momentShapes };
  const saved = await loadCheckpoint(found, model, shapes, (state) => {
    const before: Record<string, unknown> = { ...defaults, ...state };
    for (const [name, value] of Object.entries(own)) {
      if (before[name] === value) continue;
      throw new UsageError(`--${name} ${value}: the run in ${save_path} began with ${before[name]}`);
    }
  });
  const log = await MetricsLog.reopen(metricsPath(save_path), saved.run.steps, saved.run.epochs);
  return { log, saved };
}

function metricsPath(save_path: string): string {
  return join(save_path, "metrics.jsonl");
}

/** Writes args.json: all options, the data files, versions and the adapter. */
export async function writeArguments(
  options: RunOptions & { configuration: object },
  { versions }: RunContext,
  gpu: Gpu,
  { train, valid }: RunData,
): Promise<void> {
  const { configuration, ...rest } = options;
  const content = {
    ...rest,
    ...configuration,
    train_file: train.info.path,
    valid_file: valid?.info.path,
    versions,
    adapter_used: gpu.adapter,
  };
  await writeFileAtomic(join(options.save_path, "args.json"), JSON.stringify(content, null, 2) + "\n");
}
