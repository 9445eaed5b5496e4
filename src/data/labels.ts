/** The labels of a data file. */

import { DataError } from "../errors.ts";
import type { Hdf5Dataset } from "./hdf5_dataset.ts";
import { requireFinite } from "./pixels.ts";

/** If labels are numbers of classes, there are at most this many classes. */
const maxClasses = 1000;
const rowsAtOnce = 65536;

/** How labels are read. */
export interface LabelOptions {
  path: string;
  name: string;
  /** Number of images in the file. */
  count: number;
  /** Number of names in the file's attribute `class_names`, if there is one. */
  namedClasses?: number;
  /** Whether a label may be NaN, which means unknown. */
  mayBeUnknown: boolean;
}

/**
 * Labels [N, K], or [N] for a single label. If there is one integer for each image and it is larger than 1 for some
 * image, the integers number the classes from 0, and each class becomes a label.
 */
export class Labels {
  /** Labels of an image as they are read. */
  readonly labelCount: number;
  /** One line about labels that are numbers of classes. */
  readonly note?: string;
  private readonly areClasses: boolean;

  /** @throws {DataError} if the dataset has another shape, or its rows are not as many as images */
  constructor(private readonly dataset: Hdf5Dataset, private readonly options: LabelOptions) {
    const { path, name, count, namedClasses } = options;
    const [rows, columns = 1] = dataset.shape;
    if (dataset.shape.length < 1 || dataset.shape.length > 2 || columns === 0) {
      throw new DataError(
        `${path}: "${name}" has shape [${dataset.shape.join(", ")}], expected [${count}, K] or [${count}]`,
      );
    }
    if (rows !== count) {
      throw new DataError(
        `${path}: holds ${count} images and ${rows} rows of labels, expected one row for each image`,
      );
    }
    const largest = columns === 1 && !dataset.elementType.startsWith("float") ? this.largestClass() : 1;
    this.areClasses = largest > 1;
    this.labelCount = this.areClasses ? Math.max(largest + 1, namedClasses ?? 0) : columns;
    if (this.areClasses) {
      this.note = `${path}: "${name}" holds the numbers of ${this.labelCount} classes, 0 to ${
        this.labelCount - 1
      }; each class becomes a label, 1 or 0`;
    }
  }

  /**
   * Reads the labels of the images `indices` into `labels` [indices.length, K].
   *
   * @throws {DataError} if one is Infinity, or NaN although labels must be known
   */
  read(indices: Uint32Array, labels: Float32Array): void {
    const { path, mayBeUnknown } = this.options;
    const { labelCount } = this;
    this.dataset.readRows(indices, (row, position, index) => {
      const own = labels.subarray(position * labelCount, (position + 1) * labelCount);
      if (this.areClasses) own.fill(0)[Number(row[0])] = 1;
      else for (let label = 0; label < labelCount; label++) own[label] = Number(row[label]);
      const known = mayBeUnknown ? own.map((label) => Number.isNaN(label) ? 0 : label) : own;
      requireFinite(known, "label", () => `${path}: image ${index} (counted from 0)`);
    });
  }

  close(): void {
    this.dataset.close();
  }

  private largestClass(): number {
    const { path, name, count } = this.options;
    let [least, largest] = [0, 0];
    for (let start = 0; start < count; start += rowsAtOnce) {
      const indices = Uint32Array.from(
        { length: Math.min(rowsAtOnce, count - start) },
        (_, row) => start + row,
      );
      this.dataset.readRows(indices, (row) => {
        least = Math.min(least, Number(row[0]));
        largest = Math.max(largest, Number(row[0]));
      });
    }
    if (largest > 1 && (least < 0 || largest >= maxClasses)) {
      throw new DataError(
        `${path}: "${name}" holds integers from ${least} to ${largest}, expected 0 and 1, or classes numbered from 0 ` +
          `to at most ${maxClasses - 1}`,
      );
    }
    return largest;
  }
}
