/** Runs a graph on the GPU, reads its values, and checks the padding around them. */

import { Executor } from "../src/gpu/executor.ts";
import { Gpu } from "../src/gpu/device.ts";
import { Memory } from "../src/gpu/memory.ts";
import { pack, storedCount, unpack } from "../src/graph/layout.ts";
import type { Target } from "../src/graph/lowering.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { variable } from "../src/ops/variable.ts";
import { Arena } from "../src/plan/arena.ts";
import { plan } from "../src/plan/plan.ts";

export type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

export interface GraphRun {
  /** Variables, with the values to write before the run. Variables that the graph does not use are skipped. */
  values: ReadonlyMap<Tensor, Values>;
  /** The tensors to read: results, or variables that effects changed. */
  tensors: readonly Tensor[];
  effects?: readonly Tensor[];
}

export interface StoredResult {
  /** Row-major. */
  values: Values;
  /** True if all padding is zero. */
  cleanPadding: boolean;
}

/**
 * Runs a graph and reads tensors of it, each from an arena of its own. Memory of results is full of ones before the
 * run, which shows padding that no kernel writes. A graph without effects runs twice, the second time without fresh
 * memory.
 */
export async function runGraph(
  gpu: Gpu,
  { values, tensors, effects = [] }: GraphRun,
  target: Target = gpu.target,
): Promise<StoredResult[]> {
  const wanted = [...new Set(tensors)];
  const arenas = wanted.map((tensor) => new Arena(tensor.label, [tensor], variable));
  const planned = plan({ results: tensors, effects, arenas }, target);
  const memory = new Memory(gpu);
  const executor = await Executor.load(planned, memory);
  try {
    for (const { tensor, members: [member] } of arenas) {
      if (!member!.operation.persistent) memory.write(tensor, filledArray(tensor).fill(1));
    }
    for (const [tensor, data] of values) if (planned.locations.has(tensor)) memory.write(tensor, data);
    executor.run();
    if (effects.length === 0) executor.run();
    const stored = await memory.read(arenas.map(({ tensor }) => tensor));
    const results = new Map(wanted.map((tensor, index) => [tensor, split(tensor, stored[index]!)]));
    return tensors.map((tensor) => results.get(tensor)!);
  } finally {
    executor.destroy();
    memory.destroy();
  }
}

function filledArray({ type }: Tensor): Values {
  return type.dtype === "u32" ? new Uint32Array(storedCount(type)) : new Float32Array(storedCount(type));
}

function split({ type }: Tensor, whole: Values): StoredResult {
  const stored = whole.slice(0, storedCount(type));
  const values = unpack(type, stored);
  const clean = pack(type, values);
  return {
    values,
    cleanPadding: clean.every((value, index) => value === stored[index] || Number.isNaN(value)),
  };
}

/** The largest difference relative to the largest expected value; infinite for another length and for NaN. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let [worst, scale] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(actual[index]! - expected[index]!);
    if (Number.isNaN(difference)) return Infinity;
    worst = Math.max(worst, difference);
    scale = Math.max(scale, Math.abs(expected[index]!));
  }
  return worst / (scale || 1);
}

/** Σ (actual − expected)² / Σ expected². */
export function normalisedSquaredError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [errors, squares] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    errors += (actual[index]! - expected[index]!) ** 2;
    squares += expected[index]! ** 2;
  }
  return errors / (squares || 1);
}
