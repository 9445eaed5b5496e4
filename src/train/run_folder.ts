/** The folder that a run leaves behind: how it begins, and how an earlier run in it goes on. */

import { join } from "node:path";
import { DataError, UsageError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import { makeFolder, writeFileAtomic } from "../io/atomic.ts";
import { Tuner } from "../tune/tuner.ts";
import { findCheckpoint, findRunState, loadCheckpoint } from "./checkpoint.ts";
import { MetricsLog } from "./metrics_log.ts";
import type { Run } from "./run.ts";
import type { RunData } from "./run_data.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunContext } from "../report/run_context.ts";
import type { Trainer } from "./trainer.ts";

/** How a new run begins. */
export interface Beginning {
  /** Folders in which the run leaves files, beside `checkpoint`. */
  folders: readonly string[];
  /** Reads the weights to start from, if not those of the seed; nothing has been written yet. */
  readWeights(): Promise<ReadonlyMap<string, Float32Array<ArrayBuffer>> | undefined>;
  /** What else happens before the first step, when the weights are in place. */
  prepare?(): Promise<void>;
}

/** Fresh, from given weights, or where the last checkpoint stands. */
export async function prepareFolder<Options extends RunOptions, T extends Trainer>(
  run: Run<Options, T>,
  { options, trainer }: { options: Options; trainer: T },
  beginning: Beginning,
): Promise<void> {
  const { save_path, resume } = options;
  if (resume) return await resumeRun(run, { options, trainer });
  const metrics = metricsPath(save_path);
  // A run that broke off before its first losses left nothing that is worth keeping.
  const exists = await Deno.stat(metrics).then(({ size }) => size > 0, () => false);
  if (exists) {
    throw new DataError(
      `${save_path}: holds a run already; go on with it with --resume, or choose another folder`,
    );
  }
  const weights = await beginning.readWeights();
  for (const name of ["checkpoint", ...beginning.folders]) await makeFolder(join(save_path, name));
  if (weights) trainer.write(weights);
  await beginning.prepare?.();
  run.begin(await MetricsLog.create(metrics));
}

/** The tuner of a run; one that goes on keeps the kernels that it began with. */
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

async function resumeRun<Options extends RunOptions, T extends Trainer>(
  run: Run<Options, T>,
  { options, trainer }: { options: Options; trainer: T },
): Promise<void> {
  const { save_path } = options;
  const folder = checkpointFolder(save_path);
  const found = await findCheckpoint(folder);
  if (!found) {
    throw new DataError(`${save_path}: there is no checkpoint to resume from, expected one in ${folder}`);
  }
  const { seed, batch_size, precision = "f32" } = options;
  const own = { seed, batch_size, precision, accumulate: trainer.accumulate };
  // Before batches could be split they were not, and before there was float16 all was float32.
  const earlier = { accumulate: 1, precision: "f32" };
  const shapes = { weights: trainer.shapes, moments: trainer.momentShapes };
  const saved = await loadCheckpoint(found, run.model, shapes, (state) => {
    const before: Record<string, unknown> = { ...earlier, ...state };
    for (const [name, value] of Object.entries(own)) {
      if (before[name] === value) continue;
      throw new UsageError(`--${name} ${value}: the run in ${save_path} began with ${before[name]}`);
    }
  });
  run.restore(saved, await MetricsLog.reopen(metricsPath(save_path), saved.run.steps, saved.run.epochs));
}

function metricsPath(save_path: string): string {
  return join(save_path, "metrics.jsonl");
}

/** args.json: every option, what the run is of, versions and the adapter. */
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
