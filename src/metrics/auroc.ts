/**
 * How well scores tell positives from negatives, whatever the threshold: the area under the receiver operating
 * characteristic, its curve, and average precision. The definitions, and to 1e-9 the numbers, are scikit-learn's. Labels are read
 * as {@linkcode rank} says: 1 is positive, NaN is left out, anything else is negative. With one kind of label only, none of these
 * measures exists and each function gives null.
 */

import { rank, type Ranking, thresholdCounts } from "./ranking.ts";

/**
 * The probability that a positive scores higher than a negative, ties counted half: Mann and Whitney's U over the number of pairs
 * (Hanley and McNeil, "The meaning and use of the area under a ROC curve", 1982), as `roc_auc_score`.
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number | null {
  const ranking = rank(scores, labels);
  return hasBothLabels(ranking) ? areaUnderRoc(ranking) : null;
}

function areaUnderRoc(ranking: Ranking): number {
  // Halves of whole numbers, which are exact up to 2^52 pairs.
  let wins = 0;
  let above = { truePositives: 0, falsePositives: 0 };
  for (const counts of thresholdCounts(ranking)) {
    const negatives = counts.falsePositives - above.falsePositives;
    wins += negatives * (above.truePositives + counts.truePositives) / 2;
    above = counts;
  }
  return wins / (ranking.positives * ranking.negatives);
}

/** Σ (recall − recall before) · precision over the thresholds, from the highest on, as `average_precision_score`. */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number | null {
  const ranking = rank(scores, labels);
  if (!hasBothLabels(ranking)) return null;
  let [sum, found] = [0, 0];
  for (const { truePositives, falsePositives } of thresholdCounts(ranking)) {
    // The first threshold, above all scores, finds nothing and has no precision.
    if (truePositives === found) continue;
    sum += (truePositives - found) * truePositives / (truePositives + falsePositives);
    found = truePositives;
  }
  return sum / ranking.positives;
}

/** Points of a receiver operating characteristic, from (0, 0) to (1, 1). */
export interface RocCurve {
  /** The share of negatives that score at least as high as the threshold. */
  falsePositiveRate: number[];
  /** The share of positives that do. */
  truePositiveRate: number[];
}

/** A point for each distinct score and one above them all, as `roc_curve` with `drop_intermediate=False`. */
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
