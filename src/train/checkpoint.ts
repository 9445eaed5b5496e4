/**
 * Checkpoints: a file of weights, whose metadata say what the model is, and beside it the optimizer's state, with which a
 * run goes on as if it had never stopped. The weights are written last: where they are, the rest is.
 */

import { join } from "node:path";
import { DataError } from "../errors.ts";
import type { FloatType } from "../graph/layout.ts";
import type { HostTensor } from "../io/host_tensor.ts";
import { readSafetensors, writeSafetensors } from "../io/safetensors_file.ts";
import type { TunerState } from "../tune/tuner.ts";
import { configurationIn, format, matchState, type ModelDescription } from "../trained/model_description.ts";
import { type RunPosition, saveWeights, type State } from "../trained/model_file.ts";
import type { EpochState } from "./trainer.ts";

/** What the optimizer's file holds beside the moments. */
export interface RunState extends RunPosition {
  seed: number;
  batch_size: number;
  /** Parts in which a batch goes through the model. */
  accumulate: number;
  /** Of the values between layers; before there was a choice it was float32. */
  precision?: FloatType;
  /** Sums over the unfinished epoch's steps, by the metrics' names. */
  sums: Record<string, number>;
  /** The lowest loss so far that the best checkpoint was chosen by. */
  bestLoss: number | null;
  /** Which kernels the run has, and how they were found; runs of before there was a choice lack it. */
  kernels?: TunerState;
  /** Of runs whose learning rate falls: how often it has, and the step at which Adam's moments were last restarted. */
  rule?: { lr_drops: number; moments_since: number };
}

export interface SavedRun {
  weights: Map<string, Float32Array<ArrayBuffer>>;
  moments: Map<string, Float32Array<ArrayBuffer>>;
  epochState: EpochState;
  run: RunState;
  path: string;
}

const optimizerSuffix = ".optimizer.safetensors";

/** Writes a checkpoint from which a run can go on; `path` is the weights' file. */
export async function saveCheckpoint(
  path: string,
  model: ModelDescription,
  parts: { weights: State; moments: State; epochState: EpochState; run: RunState },
): Promise<void> {
  const { weights, moments, epochState, run } = parts;
  const state = new Map<string, HostTensor>(moments as Map<string, HostTensor>);
  for (const [key, data] of epochState) state.set(key, { shape: [data.length], data });
  await writeSafetensors(optimizerPath(path), state, {
    format,
    kind: `${model.kind} optimizer`,
    run: JSON.stringify(run),
  });
  const { steps, epochs, batches } = run;
  await saveWeights(path, model, weights, { steps, epochs, batches });
}

function optimizerPath(path: string): string {
  return path.replace(/\.safetensors$/, "") + optimizerSuffix;
}

/** The checkpoint in `folder` that has come furthest, or undefined where there is none that is complete. */
export async function findCheckpoint(folder: string): Promise<string | undefined> {
  let best: { path: string; steps: number } | undefined;
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(optimizerSuffix)) continue;
    const path = join(folder, name.slice(0, -optimizerSuffix.length) + ".safetensors");
    if (!await isFile(path)) continue;
    const steps = readRun((await readSafetensors(join(folder, name))).metadata, path).steps;
    if (!best || steps > best.steps) best = { path, steps };
  }
  return best?.path;
}

/** The state of the run whose checkpoint in `folder` has come furthest; undefined where there is none. */
export async function findRunState(folder: string): Promise<RunState | undefined> {
  const path = await findCheckpoint(folder);
  return path === undefined
    ? undefined
    : readRun((await readSafetensors(optimizerPath(path))).metadata, path);
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new DataError(`${folder}: cannot be read: ${(error as Error).message}`);
    }
  }
  return names.sort();
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isFile, () => false);
}

function readRun(metadata: Record<string, string>, path: string): RunState {
  try {
    return JSON.parse(metadata.run!) as RunState;
  } catch {
    throw new DataError(`${path}: the optimizer's state beside it is not one that vqray wrote`);
  }
}

/** Reads a checkpoint to go on from; the configuration must be the same, and `check` may refuse its state. */
export async function loadCheckpoint(
  path: string,
  { kind, configuration, extraMetadata }: ModelDescription,
  shapes: {
    weights: ReadonlyMap<string, readonly number[]>;
    moments: ReadonlyMap<string, readonly number[]>;
  },
  check: (run: RunState) => void = () => {},
): Promise<SavedRun> {
  const { tensors, metadata } = await readSafetensors(path);
  const saved = configurationIn(metadata, kind, path);
  for (const [name, value] of Object.entries({ ...configuration, ...extraMetadata })) {
    const old = name in configuration ? saved?.[name] : metadata[name];
    if (`${old}` === `${value}`) continue;
    throw new DataError(
      `${path}: was trained with --${name} ${old}, and this run has ${value}: only the same model can be resumed`,
    );
  }
  const weights = matchState(tensors, shapes.weights, path);
  const beside = optimizerPath(path);
  const optimizer = await readSafetensors(beside);
  const run = readRun(optimizer.metadata, path);
  check(run);
  const moments = matchState(
    new Map([...optimizer.tensors].filter(([key]) => shapes.moments.has(key))),
    shapes.moments,
    beside,
  );
  const epochState: EpochState = new Map(
    [...optimizer.tensors]
      .filter(([key]) => !shapes.moments.has(key))
      .map(([key, { data }]) => [key, data as Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>]),
  );
  return { weights, moments, epochState, run, path };
}
