/** Median and range of repeated measurements. */

/** The median, the smallest and the largest of several measurements. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/**
 * The spread of some values.
 *
 * @throws {RangeError} if there are no values
 */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("Cannot take the median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1]!;
  const lower = sorted[(sorted.length - 1) >> 1]!;
  return { median: (lower + upper) / 2, least: sorted[0]!, most: sorted.at(-1)! };
}
