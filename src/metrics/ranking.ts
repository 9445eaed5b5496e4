/** The images of one class in the order of their scores: all that AUROC and its relatives ask of them. */

import { DataError } from "../errors.ts";

/** Images with a known label, the highest score first; images of one score are a group, which no threshold parts. */
export interface Ranking {
  /** Where each image stands in the list of scores. */
  images: Uint32Array<ArrayBuffer>;
  /** 1 for a positive, 0 for a negative, in the order of `images`. */
  isPositive: Uint8Array<ArrayBuffer>;
  /** Where each group ends in `images`, exclusive. */
  ends: Uint32Array<ArrayBuffer>;
  positives: number;
  negatives: number;
}

/**
 * Ranks scores. A label of exactly 1 is positive, NaN is no label, and anything else is negative, as 0 is, or CheXpert's −1 for
 * an uncertain finding.
 *
 * @throws DataError if a score of an image with a label is NaN; RangeError if there are not as many labels as scores
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
  // A difference of infinite scores would be NaN.
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

/** How many positives and negatives score at least as high as each group: the counts at every threshold, from 0 on. */
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
