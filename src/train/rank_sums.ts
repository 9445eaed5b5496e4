/** What ranks that train together add up: in a training step's graph, and between the two parts of its plan. */

import type { Group } from "../distributed/group.ts";
import type { Memory } from "../gpu/memory.ts";
import type { Tensor } from "../graph/tensor.ts";
import { scale } from "../ops/elementwise.ts";
import { variable } from "../ops/variable.ts";
import { Arena } from "../plan/arena.ts";

/** A tensor that counts in the ranks' sum with this rank's factor. */
export interface Term {
  tensor: Tensor;
  factor: number;
}

/**
 * The sums of tensors over a group's ranks, and the arena in which they are added up. Nodes made before this call
 * belong to the first part of the plan, nodes that read the sums to the second. For a group of one the sums are the
 * tensors themselves, and there is no arena.
 */
export function sumOverRanks(
  { size }: Group,
  terms: readonly Term[],
): { sums: Tensor[]; reduced: Arena[] } {
  if (size === 1) return { sums: terms.map(({ tensor }) => tensor), reduced: [] };
  const sums = terms.map(({ tensor, factor }) => scale(tensor, factor));
  return { sums, reduced: [new Arena("sums over ranks", sums, variable)] };
}

/**
 * Replaces the values of tensors in `memory`, such as arenas, by their sums over all ranks: one reading, one sum, one
 * writing.
 */
export async function addUpOverRanks(
  group: Group,
  memory: Memory,
  tensors: readonly Tensor[],
): Promise<void> {
  const read = await memory.read(tensors) as Float32Array<ArrayBuffer>[];
  const joined = new Float32Array(read.reduce((length, { length: more }) => length + more, 0));
  let end = 0;
  for (const values of read) {
    joined.set(values, end);
    end += values.length;
  }
  await group.allReduce(joined);
  let start = 0;
  for (const [index, { length }] of read.entries()) {
    memory.write(tensors[index]!, joined.subarray(start, start + length));
    start += length;
  }
}

/** Gives every rank the first rank's values of tensors in `memory`. */
export async function takeFromFirstRank(
  group: Group,
  memory: Memory,
  tensors: readonly Tensor[],
): Promise<void> {
  if (group.size === 1) return;
  if (group.rank > 0) {
    const values = await memory.read(tensors);
    tensors.forEach((tensor, index) => memory.write(tensor, values[index]!.fill(0)));
  }
  await addUpOverRanks(group, memory, tensors);
}
