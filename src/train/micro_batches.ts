/**
 * Splits a batch into equal parts that go through the model one after another, which takes less memory. The whole step
 * stays one graph; its plan gives the same buffers to each part in turn.
 */

import { UsageError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { ImageRange } from "../ops/channels.ts";
import { add, scale } from "../ops/elementwise.ts";

/** What one part of a batch gives: gradients, which are added up over the parts, and values of its own. */
export interface PartResult<Own> {
  gradients: readonly Tensor[];
  own: Own;
}

/**
 * Builds the graphs of `parts` parts of a batch of `images` images, one after another, and adds up their gradients.
 *
 * @throws {RangeError} if the batch has no such parts.
 */
export function microBatches<Own>(
  images: number,
  parts: number,
  build: (range: ImageRange, index: number) => PartResult<Own>,
): { gradients: Tensor[]; parts: Own[] } {
  if (!Number.isInteger(parts) || parts < 1 || images % parts !== 0) {
    throw new RangeError(`Cannot split ${images} images into ${parts} equal parts`);
  }
  const count = images / parts;
  const results: Own[] = [];
  let sums: Tensor[] = [];
  for (let index = 0; index < parts; index++) {
    const { gradients, own } = build({ start: index * count, count }, index);
    results.push(own);
    sums = index === 0 ? [...gradients] : sums.map((sum, at) => add(sum, gradients[at]!));
  }
  return { gradients: sums, parts: results };
}

/**
 * Checks that a batch can be split as the options ask.
 *
 * @throws {UsageError} if `accumulate` does not divide `batch_size`.
 */
export function requireEqualParts(
  { batch_size, accumulate = 1 }: { batch_size: number; accumulate?: number },
): void {
  if (batch_size % accumulate === 0) return;
  throw new UsageError(
    `--accumulate ${accumulate}: expected a divisor of --batch_size ${batch_size}, so that the parts are equal`,
  );
}

/** The numbers of equal parts into which `images` images can be split, in ascending order. */
export function partCounts(images: number): number[] {
  return Array.from({ length: images }, (_, index) => index + 1).filter((parts) => images % parts === 0);
}

/** The sum of tensors, one from each part. */
export function total(tensors: readonly Tensor[]): Tensor {
  return tensors.reduce((sum, each) => add(sum, each));
}

/** The mean of tensors, one from each part. */
export function average(tensors: readonly Tensor[]): Tensor {
  return tensors.length === 1 ? tensors[0]! : scale(total(tensors), 1 / tensors.length);
}
