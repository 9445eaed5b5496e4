/** What a phase's images scored, kept until the epoch ends: the area under the curve needs them all. */

import { auroc } from "../../metrics/auroc.ts";

export class Scores {
  private readonly scores: Float32Array[] = [];
  private readonly labels: Float32Array[] = [];

  constructor(private readonly classes: number) {}

  /** A batch's scores and labels, [B, classes] each. */
  add(scores: Float32Array, labels: Float32Array): void {
    this.scores.push(scores);
    this.labels.push(labels);
  }

  /** All scores and labels, in the order in which they came. */
  all(): { scores: Float32Array<ArrayBuffer>; labels: Float32Array<ArrayBuffer> } {
    return { scores: joined(this.scores), labels: joined(this.labels) };
  }

  clear(): void {
    this.scores.length = 0;
    this.labels.length = 0;
  }

  /** Each class's area under the receiver operating characteristic; null for a class whose known labels are all alike. */
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

/** The mean of the values that there are; null where there is none. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
