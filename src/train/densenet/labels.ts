/** Labels of images, one per class: 1, 0, or NaN if unknown. */

import type { FileLayout } from "../../data/dataset_info.ts";
import { DataFile } from "../../data/hdf5_file.ts";
import { DataError, UsageError } from "../../errors.ts";

/** How many images have a class's label 1, and how many 0. */
export interface LabelCount {
  positives: number;
  negatives: number;
}

/** Rows of labels read at once. */
const rowsAtOnce = 4096;

/**
 * Counts each class's labels in a file. The images are not read.
 *
 * @throws {DataError} if the file cannot be read, a label is not 0, 1 or NaN, or all labels are NaN.
 */
export async function countLabels(path: string, layout: FileLayout = {}): Promise<LabelCount[]> {
  const { images_key, labels_key, input_range } = layout;
  const file = await DataFile.open(path, {
    images_key,
    labels_key,
    input_range,
    labels: true,
    unlabelled: true,
  });
  try {
    const { count, labelCount } = file.info;
    const counts = Array.from({ length: labelCount }, (): LabelCount => ({ positives: 0, negatives: 0 }));
    for (let start = 0; start < count; start += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, count - start);
      const labels = file.readLabels(Uint32Array.from({ length: rows }, (_, index) => start + index));
      labels.forEach((label, index) => {
        const of = counts[index % labelCount]!;
        if (label === 1) of.positives++;
        else if (label === 0) of.negatives++;
        else if (!Number.isNaN(label)) {
          const image = start + Math.floor(index / labelCount);
          throw new DataError(
            `${path}: image ${image} (counted from 0) has ${label} as label ${
              index % labelCount
            }, expected 0, 1, or NaN where it is unknown`,
          );
        }
      });
    }
    if (counts.every(({ positives, negatives }) => positives + negatives === 0)) {
      throw new DataError(`${path}: all labels are NaN, expected some that are known`);
    }
    return counts;
  } finally {
    file.close();
  }
}

/**
 * The weight of each class's positive labels. `text` is one number for all classes, one number for each, separated by
 * commas, or "auto": negative labels divided by positive labels, so that both kinds weigh the same in total, or 1 if a
 * kind is missing.
 *
 * @throws {UsageError} if `text` is none of these.
 */
export function positiveWeights(text: string, counts: readonly LabelCount[]): number[] {
  if (text === "auto") {
    return counts.map(({ positives, negatives }) =>
      positives === 0 || negatives === 0 ? 1 : negatives / positives
    );
  }
  const numbers = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  const isRight = (numbers.length === 1 || numbers.length === counts.length) &&
    numbers.every((number) => Number.isFinite(number) && number > 0);
  if (!isRight) {
    throw new UsageError(
      `--pos_weight ${text}: expected auto, a number above 0, or ${counts.length} of them with commas between them`,
    );
  }
  return counts.map((_, index) => numbers[numbers.length === 1 ? 0 : index]!);
}

/** A batch's labels as the loss takes them, [B, K] each; see {@linkcode logisticLoss}. */
export interface LabelWeights {
  positive: Float32Array<ArrayBuffer>;
  negative: Float32Array<ArrayBuffer>;
  /** The number of known labels. */
  known: number;
}

/** The number of labels that are known. */
export function countKnown(labels: Float32Array): number {
  return labels.reduce((count, label) => Number.isNaN(label) ? count : count + 1, 0);
}

/**
 * Weights with which the loss is its mean over `known` labels; all zero if no label is known. `known` counts the labels
 * of the whole batch, of which `labels` may be one rank's part; default: those of `labels`.
 */
export function labelWeights(
  labels: Float32Array,
  positiveWeights: readonly number[],
  known = countKnown(labels),
): LabelWeights {
  const [positive, negative] = [new Float32Array(labels.length), new Float32Array(labels.length)];
  labels.forEach((label, index) => {
    if (Number.isNaN(label)) return;
    positive[index] = positiveWeights[index % positiveWeights.length]! * label / known;
    negative[index] = (1 - label) / known;
  });
  return { positive, negative, known };
}
