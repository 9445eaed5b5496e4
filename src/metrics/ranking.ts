/** The order of images by score, from which AUROC and average precision are computed. */

import { DataError } from "../errors.ts";

/** The images with a known label, highest score first. Images with equal scores form a group. */
export interface Ranking {
  /** The images' indices in the list of scores. */
  images: Uint32Array<ArrayBuffer>;
  /** 1 for each positive and 0 for each negative, in the order of `images`. */
  isPositive: Uint8Array<ArrayBuffer>;
  /** The end (exclusive) of each group in `images`. */
  ends: Uint32Array<ArrayBuffer>;
  positives: number;
  negatives: number;
}

/**
 * Ranks images by score. A label of exactly 1 is positive, NaN is unknown, and anything else is negative, such as 0 or
 * CheXpert's −1 for an uncertain finding.
 *
 * @throws {DataError} if the score of an image with a known label is NaN
 * @throws {RangeError} if there are not equally many scores and labels
 */
export function rank(scores: ArrayLike<number>, labels: ArrayLike<number>): Ranking {
  if (scores.length !== labels.length) {
    throw new RangeError(`${scores.length} scores do not fit ${labels.length} labels`);
  }
  const indices = Uint32Array.from({ length: scores.length }, (_, index) => index);
  const images = indices.filter((index) => !Number.isNaN(labels[index]));
  const bad = images.find((index) => Number.isNaN(scores[index]));
  if (bad !== undefined) {
    throw new DataError(`the classifier's score of image ${bad} (counted from 0) is NaN, expected a number`);
  }
  // Compared, not subtracted, because the difference of two infinite scores would be NaN.
  images.sort((a, b) => scores[a]! > scores[b]! ? -1 : scores[a]! < scores[b]! ? 1 : a - b);
  const isPositive = Uint8Array.from(images, (index) => labels[index] === 1 ? 1 : 0);
  const positives = isPositive.reduce((sum, one) => sum + one, 0);
  return {
    images,
    isPositive,
    ends: groupEnds(images, scores),
    positives,
    negatives: images.length - positives,
  };
}

function groupEnds(images: Uint32Array, scores: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const ends: number[] = [];
  for (let at = 1; at <= images.length; at++) {
    if (at === images.length || scores[images[at]!] !== scores[images[at - 1]!]) ends.push(at);
  }
  return Uint32Array.from(ends);
}

/**
 * The positives and negatives whose score reaches each threshold, from one above all scores down to the lowest score.
 */
export function* thresholdCounts(
  { isPositive, ends }: Ranking,
): Generator<{ truePositives: number; falsePositives: number }> {
  let [at, truePositives] = [0, 0];
  yield { truePositives: 0, falsePositives: 0 };
  for (const end of ends) {
    for (; at < end; at++) truePositives += isPositive[at]!;
    yield { truePositives, falsePositives: end - truePositives };
  }
}
