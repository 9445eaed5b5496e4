/** Values for a case's inputs: random, the same each time, and such as the operation meets in training. */

import { elementCount } from "../src/graph/layout.ts";
import { ancestors, type Tensor } from "../src/graph/tensor.ts";
import { constantValue } from "../src/ops/variable.ts";
import { joinKeys, keyOf, uniformArray } from "../src/random.ts";
import type { BenchCase } from "./cases.ts";

export type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** [rate, scale, slot, 0], as a training step writes it. */
const stepValues = [1e-3, 1, 3, 0];
/** Inputs of which only the sign is the matter: sums of squares, smoothed counts. */
const nonNegative: Record<string, readonly number[]> = { adam: [4], ema_update: [3] };
/** Inputs that hold counts. */
const whole: Record<string, readonly number[]> = {
  ema_update: [0],
  count_codes: [0],
  perplexity: [0],
  count: [0],
};

/** A value for every input of the case but its constants, which have theirs. */
export function inputValues({ program }: BenchCase): Map<Tensor, Values> {
  const values = new Map<Tensor, Values>();
  const nodes = ancestors([...program.results ?? [], ...program.effects ?? []]);
  for (const node of nodes) {
    node.inputs.forEach((input, index) => {
      if (!input.operation.persistent || constantValue(input) !== undefined || values.has(input)) return;
      values.set(input, valuesFor(node, input, index));
    });
  }
  return values;
}

function valuesFor(node: Tensor, input: Tensor, index: number): Values {
  const { name } = node.operation;
  const count = elementCount(input.shape);
  const key = joinKeys(keyOf(name), index);
  if ((name === "adam" || name === "record") && index === 0) return Float32Array.from(stepValues);
  if (input.dtype === "u32") return Uint32Array.from(uniformArray(key, count, 0, codeCount(node)));
  if (whole[name]?.includes(index)) return uniformArray(key, count, 0, 10).map(Math.floor);
  return uniformArray(key, count, nonNegative[name]?.includes(index) ? 0 : -1, 1);
}

/** Indices of codes are below the number of codes; other integers are counters, of which any will do. */
function codeCount({ inputs }: Tensor): number {
  return inputs.find(({ type }) => type.layout === "codes_first")?.shape[1] ?? 100;
}
