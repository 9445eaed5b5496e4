/** A group of ranks: processes that train one model together, each on its own part of every batch. */

/** One rank's view of its group. All ranks make the same calls in the same order. */
export interface Group {
  /** This rank's number, from 0. */
  readonly rank: number;
  /** The number of ranks. */
  readonly size: number;
  /**
   * Replaces `values` by their sums over all ranks, which every rank passes the same number of. The terms are added in
   * one fixed order, so that all ranks get the same bits, and the same bits each time.
   */
  allReduce(values: Float32Array): Promise<void>;
}

/**
 * A group of one rank, whose sums are its own values.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const values = Float32Array.of(1, 2);
 * await alone.allReduce(values);
 * assertEquals(values, Float32Array.of(1, 2));
 * ```
 */
export const alone: Group = { rank: 0, size: 1, allReduce: () => Promise.resolve() };
