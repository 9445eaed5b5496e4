/** What a training image costs by size and batch: whether twice the pixels, or twice the images, take twice the time. */

import type { StepRow } from "./results.ts";

export interface CostRow extends Pick<StepRow, "model" | "size" | "batch"> {
  /** The time of a training image over its pixels, by the fastest of the step's bursts. */
  nanosecondsPerPixel: number;
  /** Over that of the next smaller batch of the same images, and of the next smaller images in the same batch: 1 is linear. */
  toSmallerBatch?: number;
  toSmallerSide?: number;
}

/** The costs of all steps, by model, side and batch. */
export function costsOf(steps: readonly StepRow[]): CostRow[] {
  const sorted = steps.toSorted((first, second) =>
    first.model.localeCompare(second.model) || first.size - second.size || first.batch - second.batch
  );
  return sorted.map((row) => {
    const { model, size, batch } = row;
    const own = sorted.filter((other) => other.model === model);
    const smallerBatch = own.findLast((other) => other.size === size && other.batch < batch);
    const smallerSide = own.findLast((other) => other.batch === batch && other.size < size);
    const ratioTo = (other: StepRow | undefined) => other && costOf(row) / costOf(other);
    return {
      model,
      size,
      batch,
      nanosecondsPerPixel: costOf(row),
      toSmallerBatch: ratioTo(smallerBatch),
      toSmallerSide: ratioTo(smallerSide),
    };
  });
}

function costOf({ imagesPerSecond, size }: StepRow): number {
  return 1e9 / imagesPerSecond.most / size ** 2;
}
