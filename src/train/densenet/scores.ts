/** The scores of a phase's images, kept until the epoch ends: the area under the curve needs all of them. */

import { auroc } from "../../metrics/auroc.ts";

/** Scores and labels of images, in the order in which they were added. */
export class Scores {
  private readonly scores: Float32Array[] = [];
  private readonly labels: Float32Array[] = [];

  constructor(private readonly classes: number) {}

  /** Adds a batch's scores and labels, [B, classes] each. */
  add(scores: Float32Array, labels: Float32Array): void {
    this.scores.push(scores);
    this.labels.push(labels);
  }

  /** All scores and labels, [images, classes] each. */
  all(): { scores: Float32Array<ArrayBuffer>; labels: Float32Array<ArrayBuffer> } {
    return { scores: joined(this.scores), labels: joined(this.labels) };
  }

  clear(): void {
    this.scores.length = 0;
    this.labels.length = 0;
  }

  /**
   * Each class's area under the receiver operating characteristic, 0 to 1; null if all known labels of the class are
   * equal.
   */
  auroc(): (number | null)[] {
    const { scores, labels } = this.all();
    const column = (values: Float32Array, index: number) =>
      Float32Array.from(
        { length: values.length / this.classes },
        (_, row) => values[row * this.classes + index]!,
      );
    return Array.from(
      { length: this.classes },
      (_, index) => auroc(column(scores, index), column(labels, index)),
    );
  }
}

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The mean of the values that are not null; null if all are. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
