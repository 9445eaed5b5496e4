/** Writes data files from the arrays of a `.npz` file, such as MedMNIST's. */

import { basename } from "node:path";
import { DataError, UsageError } from "../errors.ts";
import { toGray } from "../images/gray.ts";
import type { RasterImage } from "../images/image.ts";
import { fitSquare } from "../images/resize.ts";
import { printable } from "../io/printable.ts";
import type { ListedLabel, Split } from "./listing.ts";
import { arraysIn, type NpzArray, type Numbers } from "./npz.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { CreateOptions } from "./options.ts";
import { type StoredPixels, storedPixels } from "./stored_image.ts";

/** One image of a split and its labels. */
export interface ArrayImage {
  pixels: StoredPixels;
  labels: readonly ListedLabel[];
}

/** The images of a split. */
export interface ArraySplit {
  split: Split;
  count: number;
  images(): Generator<ArrayImage>;
}

/** A `.npz` file's splits and classes. */
export interface ArraySet {
  classNames: readonly string[];
  /** Number of labels of an image; labels may have no names. */
  labelCount: number;
  splits: readonly ArraySplit[];
  notes: readonly string[];
}

/** How the arrays of images and labels of each split are called in MedMNIST's files and in Keras's. */
const arrayNames: readonly [split: Split, images: string, labels: string][] = [
  ["train", "train_images", "train_labels"],
  ["valid", "val_images", "val_labels"],
  ["valid", "valid_images", "valid_labels"],
  ["test", "test_images", "test_labels"],
  ["train", "x_train", "y_train"],
  ["valid", "x_val", "y_val"],
  ["test", "x_test", "y_test"],
];

/** Options that an `.npz` file answers itself. */
const uselessOptions = [
  "csv",
  "labels_csv",
  "split_column",
  "split_csv",
  "test_list",
  "patient_pattern",
] as const;
const maxClasses = 1000;

/** Whether `--data_path` is a file of arrays. */
export function isArrayFile(path: string): boolean {
  return /\.npz$/i.test(path);
}

/**
 * Finds the splits of a `.npz` file: images [N, H, W] or [N, H, W, 3] of uint8 or uint16, and labels [N], [N, 1] or
 * [N, K]. One label that is larger than 1 for some image is the number of a class, and each class becomes a label.
 *
 * @throws {DataError} if the file has no such arrays, or they do not fit each other
 * @throws {UsageError} if an option contradicts it
 */
export function readArrays(source: ByteSource, options: CreateOptions): ArraySet {
  const useless = uselessOptions.find((name) => options[name] !== undefined);
  if (useless) throw new UsageError(`--${useless}: expected without an .npz file as --data_path`);
  const arrays = arraysIn(source);
  const found = arrayNames.filter(([, images]) => arrays.has(images));
  if (found.length === 0) {
    const names = printable([...arrays.keys()].join(", "), 300) || "none";
    throw new DataError(`its arrays are ${names}, expected train_images, val_images and test_images`);
  }
  const parts = found.map(([split, imagesName, labelsName]) => {
    const images = arrays.get(imagesName)!();
    requireImages(images, imagesName);
    const labels = options.labels ? arrays.get(labelsName)?.() : undefined;
    return { split, images, labels: labels && labelsOf(labels, labelsName, images.shape[0]!) };
  });
  const labelled = parts.filter(({ labels }) => labels).length;
  if (labelled > 0 && labelled < parts.length) {
    throw new DataError("some of its splits have labels and some have none");
  }
  const classes = new ClassNumbers(parts.flatMap(({ labels }) => labels ?? []));
  return {
    classNames: classes.names,
    labelCount: classes.count,
    splits: parts.map(({ split, images, labels }) => ({
      split,
      count: images.shape[0]!,
      images: () => imagesOf(images, labels && classes.rowsOf(labels), options),
    })),
    notes: classes.notes,
  };
}

function requireImages({ shape, type }: NpzArray, name: string): void {
  const isPlain = shape.length === 3 || (shape.length === 4 && [1, 3].includes(shape[3]!));
  if (isPlain && !shape.includes(0) && ["u1", "u2"].includes(type)) return;
  throw new DataError(
    `"${name}" has type ${type} and shape [${shape.join(", ")}], expected uint8 or uint16 ` +
      "[N, H, W] or [N, H, W, 3]",
  );
}

interface LabelArray {
  columns: number;
  values: Float64Array;
  isInteger: boolean;
}

function labelsOf(array: NpzArray, name: string, count: number): LabelArray {
  const { shape, type } = array;
  const [rows, columns = 1] = shape;
  if (shape.length > 2 || rows !== count || columns < 1) {
    throw new DataError(`"${name}" has shape [${shape.join(", ")}], expected [${count}, K] or [${count}]`);
  }
  const values = new Float64Array(count * columns);
  let filled = 0;
  for (const numbers of array.rows()) {
    for (let index = 0; index < numbers.length; index++) values[filled++] = Number(numbers[index]);
  }
  return { columns, values, isInteger: !type.startsWith("f") };
}

/** The labels of all splits, which share their classes. */
class ClassNumbers {
  readonly count: number;
  readonly names: readonly string[];
  readonly notes: readonly string[];
  private readonly areNumbers: boolean;

  constructor(arrays: readonly LabelArray[]) {
    const columns = new Set(arrays.map((array) => array.columns));
    if (columns.size > 1) throw new DataError("its splits have different numbers of labels");
    const [count = 0] = columns;
    const largest = arrays.reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 0);
    const least = arrays.reduce((most, { values }) => values.reduce((a, b) => Math.min(a, b), most), 0);
    this.areNumbers = count === 1 && largest > 1;
    const areValid = this.areNumbers
      ? least >= 0 && largest < maxClasses && arrays.every(({ isInteger }) => isInteger)
      : least >= -1 && largest <= 1;
    if (!areValid) {
      throw new DataError(
        `its labels are from ${least} to ${largest}, expected 1, 0 and -1, or numbers of classes from 0 to ${
          maxClasses - 1
        }`,
      );
    }
    this.count = this.areNumbers ? largest + 1 : count;
    this.names = this.areNumbers ? Array.from({ length: this.count }, (_, index) => String(index)) : [];
    this.notes = this.areNumbers
      ? [`its labels are the numbers of ${this.count} classes; each class becomes a label, 1 or 0`]
      : [];
  }

  /** A function that returns the labels of an image by its index. */
  rowsOf({ columns, values }: LabelArray): (index: number) => readonly ListedLabel[] {
    return (index) => {
      const own = values.subarray(index * columns, (index + 1) * columns);
      return this.areNumbers ? this.names.map((_, place) => Number(own[0] === place)) : [...own];
    };
  }
}

function* imagesOf(
  array: NpzArray,
  labels: ((index: number) => readonly ListedLabel[]) | undefined,
  { size, channels, dtype }: CreateOptions,
): Generator<ArrayImage> {
  const [, height, width, own = 1] = array.shape as [number, number, number, number?];
  const length = height * width * own;
  let index = 0;
  for (const numbers of array.rows()) {
    for (let at = 0; at < numbers.length; at += length) {
      const pixels = numbers.subarray(at, at + length) as Extract<Numbers, RasterImage["pixels"]>;
      const largest = array.type === "u1" ? 255 : 65535;
      const image: RasterImage = { width, height, channels: own as 1 | 3, pixels, largest };
      const fitted = fitSquare(channels === 1 ? toGray(image) : image, size);
      yield { pixels: storedPixels(fitted, channels, dtype), labels: labels?.(index) ?? [] };
      index++;
    }
  }
}

/** The name of a data set in an `.npz` file: the file's own name. */
export function arraySetName(path: string): string {
  return basename(path).replace(/\.npz$/i, "");
}
