/**
 * Checkpoints: a file of weights, whose metadata describe the model, and beside it the optimizer's state, with which a
 * run continues as if it had never stopped. The weights are written last, so a checkpoint with weights is complete.
 */

import { join } from "node:path";
import { DataError } from "../errors.ts";
import type { FloatType } from "../graph/layout.ts";
import type { HostTensor } from "../io/host_tensor.ts";
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from "../io/safetensors_file.ts";
import type { TunerState } from "../tune/tuner.ts";
import { configurationIn, format, matchState, type ModelDescription } from "../trained/model_description.ts";
import { type RunPosition, saveWeights, type State } from "../trained/model_file.ts";
import type { EpochState } from "./trainer.ts";

/** The state of a run, in the metadata of the optimizer's file. */
export interface RunState extends RunPosition {
  seed: number;
  batch_size: number;
  /** Parts in which a batch goes through the model. */
  accumulate: number;
  /** Of the values between layers. Old checkpoints lack it; their runs were float32. */
  precision?: FloatType;
  /** Sums over the unfinished epoch's steps, by the metrics' names. */
  sums: Record<string, number>;
  /** The loss of the best checkpoint. */
  bestLoss: number | null;
  /** The run's kernels and how they were found. Old checkpoints lack it. */
  kernels?: TunerState;
  /**
   * In runs with a learning-rate rule: the number of drops, and the step at which Adam's moments were last restarted.
   */
  rule?: { lr_drops: number; moments_since: number };
}

/** A checkpoint as it was read. */
export interface SavedRun {
  weights: Map<string, Float32Array<ArrayBuffer>>;
  moments: Map<string, Float32Array<ArrayBuffer>>;
  epochState: EpochState;
  run: RunState;
  path: string;
}

const optimizerSuffix = ".optimizer.safetensors";

/**
 * Writes a checkpoint from which a run can be resumed: the optimizer's file `*.optimizer.safetensors`, then the weights
 * to `path`. Each file replaces an older one in one step.
 *
 * @throws {DataError} if a file cannot be written.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/vqvae_001.safetensors`;
 * const model = { kind: "vqvae", configuration: { n_embed: 4 } } as const;
 * const progress = { steps: 10, epochs: 1, batches: 0, sums: {}, bestLoss: null };
 * const run = { ...progress, seed: 816, batch_size: 2, accumulate: 1 };
 * const weights = new Map([["weight", { shape: [2], data: Float32Array.of(1, 2) }]]);
 * await saveCheckpoint(path, model, { weights, moments: new Map(), epochState: new Map(), run });
 *
 * assertEquals(await findCheckpoint(folder), path);
 * const shapes = { weights: new Map([["weight", [2]]]), moments: new Map() };
 * const saved = await loadCheckpoint(path, model, shapes);
 * assertEquals(saved.weights.get("weight"), Float32Array.of(1, 2));
 * assertEquals(saved.run, run);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
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

/**
 * The weights' path of the complete checkpoint in `folder` with the most steps; undefined if there is none. Only
 * headers are read.
 *
 * @throws {DataError} if the folder cannot be read, or an optimizer's file is damaged.
 */
export async function findCheckpoint(folder: string): Promise<string | undefined> {
  let best: { path: string; steps: number } | undefined;
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(optimizerSuffix)) continue;
    const path = join(folder, name.slice(0, -optimizerSuffix.length) + ".safetensors");
    if (!await isFile(path)) continue;
    const { steps } = parseRun((await readSafetensorsHeader(join(folder, name))).metadata, path);
    if (!best || steps > best.steps) best = { path, steps };
  }
  return best?.path;
}

/** The state of the run in the checkpoint that {@linkcode findCheckpoint} finds; undefined if there is none. */
export async function findRunState(folder: string): Promise<RunState | undefined> {
  const path = await findCheckpoint(folder);
  return path === undefined
    ? undefined
    : parseRun((await readSafetensorsHeader(optimizerPath(path))).metadata, path);
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

function parseRun(metadata: Record<string, string>, path: string): RunState {
  try {
    return JSON.parse(metadata.run!) as RunState;
  } catch {
    throw new DataError(`${path}: the optimizer's state beside it is not one that vqray wrote`);
  }
}

/**
 * Reads the checkpoint whose weights are in `path`. `shapes` are those of the model to be resumed; `check` may refuse
 * the run's state by throwing.
 *
 * @throws {DataError} if a file is missing or damaged, or belongs to a model with another configuration.
 */
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
  const run = parseRun(optimizer.metadata, path);
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
