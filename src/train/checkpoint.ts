/**
 * Checkpoints: a file of weights, whose metadata say what the model is, and beside it the optimizer's state, with which a
 * run goes on as if it had never stopped. The weights are written last: where they are, the rest is.
 */

import { join } from "node:path";
import { DataError } from "../errors.ts";
import type { FloatType } from "../graph/layout.ts";
import { type HostTensor, toFloat32 } from "../io/host_tensor.ts";
import { readSafetensors, writeSafetensors } from "../io/safetensors.ts";
import type { TunerState } from "../tune/tuner.ts";
import type { Gathered, State } from "./trainer.ts";

/** How far a run has come. */
export interface RunPosition {
  /** Training steps so far. */
  steps: number;
  /** Epochs that are finished, and batches of the next one that are. */
  epochs: number;
  batches: number;
}

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

/** What weights are of. */
export interface ModelDescription {
  /** Names the model in the metadata, so that a classifier is not taken for a codec, and in the files' names. */
  kind: string;
  configuration: object;
  /** What else the metadata say of it, such as the names of its classes. */
  further?: Record<string, string>;
}

export interface SavedRun {
  weights: Map<string, Float32Array<ArrayBuffer>>;
  moments: Map<string, Float32Array<ArrayBuffer>>;
  gathered: Gathered;
  run: RunState;
  path: string;
}

const optimizerSuffix = ".optimizer.safetensors";

/** Marks the metadata of files that vqray wrote. */
const format = "vqray";

/** Writes weights with their configuration; alone they are what other commands read. */
export async function saveWeights(
  path: string,
  { kind, configuration, further }: ModelDescription,
  weights: State,
  position: RunPosition,
): Promise<void> {
  const metadata = {
    format,
    kind,
    configuration: JSON.stringify(configuration),
    ...further,
    position: JSON.stringify(position),
  };
  await writeSafetensors(path, weights as Map<string, HostTensor>, metadata);
}

/** Writes a checkpoint from which a run can go on; `path` is the weights' file. */
export async function saveCheckpoint(
  path: string,
  model: ModelDescription,
  parts: { weights: State; moments: State; gathered: Gathered; run: RunState },
): Promise<void> {
  const { weights, moments, gathered, run } = parts;
  const state = new Map<string, HostTensor>(moments as Map<string, HostTensor>);
  for (const [key, data] of gathered) state.set(key, { shape: [data.length], data });
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

/** The configuration in a checkpoint's metadata; undefined for weights that vqray did not write. */
export function configurationIn(
  metadata: Record<string, string>,
  kind: string,
  path: string,
): Record<string, unknown> | undefined {
  if (metadata.format !== format) return undefined;
  if (metadata.kind !== kind) {
    throw new DataError(`${path}: holds weights of a ${metadata.kind}, expected a ${kind}`);
  }
  return JSON.parse(metadata.configuration ?? "{}");
}

/** Reads a checkpoint to go on from; the configuration must be the same, and `check` may refuse its state. */
export async function loadCheckpoint(
  path: string,
  { kind, configuration, further }: ModelDescription,
  shapes: {
    weights: ReadonlyMap<string, readonly number[]>;
    moments: ReadonlyMap<string, readonly number[]>;
  },
  check: (run: RunState) => void = () => {},
): Promise<SavedRun> {
  const { tensors, metadata } = await readSafetensors(path);
  const saved = configurationIn(metadata, kind, path);
  for (const [name, value] of Object.entries({ ...configuration, ...further })) {
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
  const gathered: Gathered = new Map(
    [...optimizer.tensors]
      .filter(([key]) => !shapes.moments.has(key))
      .map(([key, { data }]) => [key, data as Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>]),
  );
  return { weights, moments, gathered, run, path };
}

/** Checks that a file holds exactly the wanted tensors; names the first that is missing, too many or of another shape. */
export function matchState(
  tensors: ReadonlyMap<string, HostTensor>,
  shapes: ReadonlyMap<string, readonly number[]>,
  path: string,
): Map<string, Float32Array<ArrayBuffer>> {
  const missing = [...shapes.keys()].filter((key) => !tensors.has(key));
  const surplus = [...tensors.keys()].filter((key) => !shapes.has(key));
  if (missing.length > 0) {
    throw new DataError(
      `${path}: weights of another model: ${missing.length} of ${shapes.size} tensors are missing, such as ${
        missing[0]
      }`,
    );
  }
  if (surplus.length > 0) {
    throw new DataError(
      `${path}: weights of another model: ${surplus.length} tensors are too many, such as ${surplus[0]}`,
    );
  }
  const state = new Map<string, Float32Array<ArrayBuffer>>();
  for (const [key, shape] of shapes) {
    const tensor = tensors.get(key)!;
    if (`${tensor.shape}` !== `${shape}`) {
      throw new DataError(
        `${path}: weights of another model: ${key} has shape [${tensor.shape}], expected [${shape}]`,
      );
    }
    state.set(key, toFloat32(tensor));
  }
  return state;
}
