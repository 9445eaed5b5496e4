/** Groups of ranks within one process. */

import type { Group } from "../../src/distributed/group.ts";

interface Arrival {
  rank: number;
  values: Float32Array;
  settle: PromiseWithResolvers<void>;
}

/** Each rank's view of a group of `size` ranks, whose sums are formed in the order of the ranks. */
export function localGroup(size: number): Group[] {
  let waiting: Arrival[] = [];
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    allReduce(values) {
      const settle = Promise.withResolvers<void>();
      waiting.push({ rank, values, settle });
      if (waiting.length === size) {
        addUp(waiting.sort((first, second) => first.rank - second.rank));
        waiting = [];
      }
      return settle.promise;
    },
  }));
}

function addUp(arrivals: readonly Arrival[]): void {
  const sums = new Float32Array(arrivals[0]!.values.length);
  const isFitting = arrivals.every(({ values }) => values.length === sums.length);
  for (const { values } of arrivals) values.forEach((value, index) => sums[index]! += value);
  for (const { values, settle } of arrivals) {
    if (isFitting) {
      values.set(sums);
      settle.resolve();
    } else {
      settle.reject(new RangeError("Cannot add up different numbers of values"));
    }
  }
}
