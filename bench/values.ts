/** Random values for a case's inputs, the same in each run, in the ranges that they have in training. */

import { elementCount } from "../src/graph/layout.ts";
import { ancestors, storageOf, type Tensor } from "../src/graph/tensor.ts";
import { positionCount } from "../src/ops/split_sums.ts";
import { narrowOperation } from "../src/ops/parts.ts";
import { constantValue } from "../src/ops/variable.ts";
import type { Plan } from "../src/plan/plan.ts";
import { joinKeys, keyOf, uniformArray } from "../src/random.ts";
import type { BenchCase } from "./cases.ts";

export type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** [rate, scale, slot, 0], as a training step writes it. */
const stepValues = [1e-3, 1, 3, 0];
/** Inputs, by operation and index, whose values are not from −1 to 1: sums of squares, smoothed counts, variances. */
const ranges: Record<string, Record<number, readonly [low: number, high: number]>> = {
  adam: { 4: [0, 1] },
  ema_update: { 3: [0, 1] },
  coefficients: { 0: [0.5, 1.5] },
};
/** Inputs, by operation and index, that hold counts. */
const whole: Record<string, readonly number[]> = {
  ema_update: [0],
  count_codes: [0],
  perplexity: [0],
  count: [0],
};

/** Values for all variables that the case's plan reads, except constants, which have theirs. */
export function inputValues({ program }: BenchCase, { locations }: Plan): Map<Tensor, Values> {
  const values = new Map<Tensor, Values>();
  const nodes = ancestors([...program.results ?? [], ...program.effects ?? []]);
  for (const node of nodes.filter(({ operation }) => operation !== narrowOperation)) {
    node.inputs.forEach((input, index) => {
      const memory = input.operation === narrowOperation ? storageOf(input) : input;
      const isRead = memory.operation.persistent && locations.has(memory);
      if (!isRead || constantValue(memory) !== undefined || values.has(memory)) return;
      values.set(memory, valuesFor(node, memory, index));
    });
  }
  return values;
}

function valuesFor(node: Tensor, memory: Tensor, index: number): Values {
  const { name } = node.operation;
  const count = elementCount(memory.shape);
  const key = joinKeys(keyOf(name), index);
  if (index === 0 && ["adam", "record", "record_rows"].includes(name)) return Float32Array.from(stepValues);
  if (name === "max_pool2d_gradient" && index === 1) return winners(key, count, node.attributes.kernel);
  if (memory.dtype === "u32") return Uint32Array.from(uniformArray(key, count, 0, codeCount(node)));
  if (whole[name]?.includes(index)) return uniformArray(key, count, 0, 10).map(Math.floor);
  const values = uniformArray(key, count, ...ranges[name]?.[index] ?? [-1, 1]);
  if (name === "normalise_gradient") return awayFromZero(values, index);
  // The operation divides this input by the number of positions; without the factor it would vanish in the sum.
  if (name === "moments_gradient" && index === 0) return values.map((value) => value * positionCount(node));
  return values;
}

/**
 * ReLU's gradient depends on the sign of x · scale + shift. With x in 64ths, scale in 16ths and shift an odd number of
 * 2048ths that value is exact and never zero.
 */
function awayFromZero(values: Float32Array<ArrayBuffer>, index: number): Float32Array<ArrayBuffer> {
  if (index === 1) return values.map((value) => Math.round(value * 64) / 64);
  if (index !== 2) return values;
  return values.map((value, at) =>
    at % 4 === 1 ? (2 * Math.floor(value * 1024) + 1) / 2048 : Math.round(value * 16) / 16
  );
}

/** Four positions in a window, packed into each number. */
function winners(key: number, count: number, kernel: readonly number[]): Values {
  const taps = uniformArray(key, 4 * count, 0, elementCount(kernel));
  return new Uint32Array(Uint8Array.from(taps).buffer);
}

/** The upper bound of an integer input: the number of codes for indices of codes, any number for counters. */
function codeCount({ inputs }: Tensor): number {
  return inputs.find(({ type }) => type.layout === "codes_first")?.shape[1] ?? 100;
}
