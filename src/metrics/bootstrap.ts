/**
 * Confidence intervals for AUROCs by the bootstrap.
 *
 * Each round draws as many images as the data has, with replacement, and computes the AUROC of the draw. The interval
 * lies between percentiles of the rounds' values (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
 * chapter 13).
 */

import { joinKeys, randomBits } from "../random.ts";
import { rank, type Ranking } from "./ranking.ts";

/** A 95 % confidence interval: the 2.5th and the 97.5th percentile of the rounds' values. */
export interface Interval {
  low: number;
  high: number;
}

/** How images are drawn. */
export interface BootstrapOptions {
  /** The draws depend on the seed and the number of images alone, so rounds of two classifiers can be compared. */
  seed: number;
  rounds: number;
}

/** The scores and labels of all images for one class; 1 is positive, NaN unknown, anything else negative. */
export interface ScoredClass {
  scores: ArrayLike<number>;
  labels: ArrayLike<number>;
}

/**
 * The 95 % confidence interval of the AUROC of one class. Rounds that happen to draw no positives or no negatives
 * have no AUROC and are left out of the percentiles.
 *
 * @returns null if no round has an AUROC
 * @throws {DataError} if the score of an image with a known label is NaN
 * @throws {RangeError} if there are not equally many scores and labels
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { auroc } from "./auroc.ts";
 *
 * const labels = Array.from({ length: 100 }, (_, image) => image % 2);
 * const scores = labels.map((label, image) => label + (image * 37 % 100) / 40);
 * const { low, high } = bootstrapAuroc(scores, labels, { seed: 816, rounds: 200 })!;
 * const value = auroc(scores, labels)!;
 * assert(low < value && value < high);
 * ```
 */
export function bootstrapAuroc(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: BootstrapOptions,
): Interval | null {
  return percentileInterval(bootstrapRounds([{ scores, labels }], options)[0]!);
}

/**
 * The AUROC of each class in each round, [classes][rounds]. In a round, all classes see the same draw of images, so
 * that a round can be averaged over classes. A value is NaN if the draw has no positives or no negatives of the
 * class.
 *
 * @throws {DataError} if the score of an image with a known label is NaN
 * @throws {RangeError} if the classes do not all have equally many scores and labels
 */
export function bootstrapRounds(
  classes: readonly ScoredClass[],
  { seed, rounds }: BootstrapOptions,
): Float64Array<ArrayBuffer>[] {
  const count = classes[0]?.scores.length ?? 0;
  if (classes.some(({ scores }) => scores.length !== count)) {
    throw new RangeError("every class needs a score for every image");
  }
  const rankings = classes.map(({ scores, labels }) => rank(scores, labels));
  const values = classes.map(() => new Float64Array(rounds));
  for (let round = 0; round < rounds; round++) {
    const draws = drawCounts(joinKeys(seed, round), count);
    rankings.forEach((ranking, index) => values[index]![round] = areaOfDraw(ranking, draws));
  }
  return values;
}

/** The number of times that each of `count` images is drawn in `count` draws. */
function drawCounts(key: number, count: number): Uint32Array<ArrayBuffer> {
  const draws = new Uint32Array(count);
  for (let draw = 0; draw < count; draw++) draws[Math.floor(randomBits(key, draw) / 4294967296 * count)]!++;
  return draws;
}

/** The AUROC of a draw. Each image counts as often as it was drawn, so that the ranking of all images can be reused. */
function areaOfDraw({ images, isPositive, ends }: Ranking, draws: Uint32Array): number {
  let [at, positives, negatives, wins] = [0, 0, 0, 0];
  for (const end of ends) {
    const [positivesAbove, negativesAbove] = [positives, negatives];
    for (; at < end; at++) {
      const times = draws[images[at]!]!;
      if (isPositive[at]) positives += times;
      else negatives += times;
    }
    wins += (negatives - negativesAbove) * (positivesAbove + positives) / 2;
  }
  return wins / (positives * negatives);
}

/** The mean over the classes in each round, [rounds]. Classes whose value is NaN are left out of that round's mean. */
export function meanRounds(classes: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: classes[0]?.length ?? 0 }, (_, round) => {
    const known = classes.map((rounds) => rounds[round]!).filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}

/** The 2.5th and the 97.5th percentile of the values that are not NaN; null if all are. */
export function percentileInterval(values: Float64Array): Interval | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return null;
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Linear interpolation between the two nearest values, like NumPy's `quantile` by default. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}
