/** The cost of a training image by size and batch: do twice the pixels, or twice the images, take twice the time? */

import type { CostRow, StepRow } from "./rows.ts";

/** The costs of all steps, sorted by model, size and batch. */
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

/** Nanoseconds per pixel. */
function costOf({ imagesPerSecond, size }: StepRow): number {
  return 1e9 / imagesPerSecond.most / size ** 2;
}
