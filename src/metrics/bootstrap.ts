/**
 * How far an AUROC would vary with other images: the bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
 * chapter 13, percentile interval). Images are drawn with replacement, as many as there are, and measured anew, many times.
 */

import { joinKeys, randomBits } from "../random.ts";
import { rank, type Ranking } from "./ranking.ts";

/** The middle 95 % of what the rounds gave. */
export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  /** The same seed draws the same images in each round, whatever the scores: rounds of two classifiers can be compared. */
  seed: number;
  rounds: number;
}

/** The scores of all images for one class, and their labels, as {@linkcode rank} reads them. */
export interface ScoredClass {
  scores: ArrayLike<number>;
  labels: ArrayLike<number>;
}

/**
 * A 95 % interval for the AUROC of one class. Null where the images have one kind of label only. A round that happens to draw one
 * kind only has no AUROC and is left out of the percentiles.
 */
export function bootstrapAuroc(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: BootstrapOptions,
): Interval | null {
  return percentileInterval(bootstrapRounds([{ scores, labels }], options)[0]!);
}

/**
 * The AUROC of each class in each round: [classes][rounds]. All classes see the same draw of images, those without a label among
 * them, so that rounds can be averaged over classes. NaN where a class has one kind of label only in that round.
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

/** How often each of `count` images is drawn in `count` draws. */
function drawCounts(key: number, count: number): Uint32Array<ArrayBuffer> {
  const draws = new Uint32Array(count);
  for (let draw = 0; draw < count; draw++) draws[Math.floor(randomBits(key, draw) / 4294967296 * count)]!++;
  return draws;
}

/** The AUROC of images that count as often as they were drawn; the ranking itself need not be made anew. */
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

/** The mean over classes in each round, [rounds]; a class that has no AUROC in a round is left out of that round's mean. */
export function meanRounds(classes: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: classes[0]?.length ?? 0 }, (_, round) => {
    const known = classes.map((rounds) => rounds[round]!).filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}

/** The 2.5th and the 97.5th percentile of the numbers that are not NaN, null where there are none. */
export function percentileInterval(values: Float64Array): Interval | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return null;
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Between two neighbours in proportion, as NumPy's `quantile` by default. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}
