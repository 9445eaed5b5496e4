/**
 * Threshold-independent measures of a binary classifier: the area under the receiver operating characteristic
 * (AUROC), the curve itself, and average precision.
 *
 * The definitions are scikit-learn's, and the values agree with it to 1e-9. A label of exactly 1 is positive, NaN
 * means that the label is unknown and excludes the image, and any other label is negative. All functions return null
 * unless there are both positives and negatives.
 */

import { rank, type Ranking, thresholdCounts } from "./ranking.ts";

/**
 * The area under the receiver operating characteristic, from 0 to 1: the probability that a random positive scores
 * higher than a random negative, where a tie counts half. It is computed as the Mann–Whitney U statistic divided by
 * the number of pairs (Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic
 * (ROC) curve", 1982), and equals scikit-learn's `roc_auc_score`.
 *
 * @param scores one score for each image; higher means more likely positive
 * @param labels one label for each image: 1 positive, NaN unknown, anything else negative
 * @returns null unless there are both positives and negatives
 * @throws {DataError} if the score of an image with a known label is NaN
 * @throws {RangeError} if there are not equally many scores and labels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * // Three of the four pairs of a positive and a negative are in the right order.
 * assertEquals(auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 0.75);
 * assertEquals(auroc([0.1, 0.4], [1, 1]), null);
 * ```
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number | null {
  const ranking = rank(scores, labels);
  return hasBothLabels(ranking) ? areaUnderRoc(ranking) : null;
}

function areaUnderRoc(ranking: Ranking): number {
  // A sum of multiples of one half, which is exact up to 2^52 pairs.
  let wins = 0;
  let above = { truePositives: 0, falsePositives: 0 };
  for (const counts of thresholdCounts(ranking)) {
    const negatives = counts.falsePositives - above.falsePositives;
    wins += negatives * (above.truePositives + counts.truePositives) / 2;
    above = counts;
  }
  return wins / (ranking.positives * ranking.negatives);
}

/**
 * Average precision, from 0 to 1: the sum of (recall − previous recall) · precision over all thresholds, from the
 * highest score down. Equals scikit-learn's `average_precision_score`.
 *
 * @returns null unless there are both positives and negatives
 * @throws {DataError} if the score of an image with a known label is NaN
 * @throws {RangeError} if there are not equally many scores and labels
 */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number | null {
  const ranking = rank(scores, labels);
  if (!hasBothLabels(ranking)) return null;
  let [sum, found] = [0, 0];
  for (const { truePositives, falsePositives } of thresholdCounts(ranking)) {
    // At the first threshold, above all scores, nothing is found and precision is undefined.
    if (truePositives === found) continue;
    sum += (truePositives - found) * truePositives / (truePositives + falsePositives);
    found = truePositives;
  }
  return sum / ranking.positives;
}

/** The points of a receiver operating characteristic, from (0, 0) to (1, 1). */
export interface RocCurve {
  /** For each threshold, the share of negatives whose score reaches it. */
  falsePositiveRate: number[];
  /** For each threshold, the share of positives whose score reaches it. */
  truePositiveRate: number[];
}

/**
 * The receiver operating characteristic, with one point for each distinct score and one for a threshold above all
 * scores. Equals scikit-learn's `roc_curve` with `drop_intermediate=False`.
 *
 * @returns null unless there are both positives and negatives
 * @throws {DataError} if the score of an image with a known label is NaN
 * @throws {RangeError} if there are not equally many scores and labels
 */
export function rocCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): RocCurve | null {
  const ranking = rank(scores, labels);
  if (!hasBothLabels(ranking)) return null;
  const counts = [...thresholdCounts(ranking)];
  return {
    falsePositiveRate: counts.map(({ falsePositives }) => falsePositives / ranking.negatives),
    truePositiveRate: counts.map(({ truePositives }) => truePositives / ranking.positives),
  };
}

function hasBothLabels({ positives, negatives }: Ranking): boolean {
  return positives > 0 && negatives > 0;
}
