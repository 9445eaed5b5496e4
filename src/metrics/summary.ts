/** Summary statistics of a measure over many images. */

/** The summary of some values. */
export interface Summary {
  mean: number;
  /** Standard deviation, divided by n − 1; 0 for a single value. */
  deviation: number;
  least: number;
  median: number;
  most: number;
}

/**
 * Summarises values, all of which must be finite.
 *
 * @returns null if there are no values
 */
export function summarise(values: readonly number[]): Summary | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const middle = sorted.length / 2;
  return {
    mean,
    deviation: sorted.length === 1 ? 0 : Math.sqrt(squares / (sorted.length - 1)),
    least: sorted[0]!,
    median: (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2,
    most: sorted.at(-1)!,
  };
}
