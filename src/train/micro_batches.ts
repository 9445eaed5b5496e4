/**
 * A batch in equal parts that go through the model one after another, so that their values need less memory at a time. The whole
 * step stays one graph: the plan gives the parts the same buffers in turn.
 */

import { UsageError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { ImageRange } from "../ops/channels.ts";
import { add, scale } from "../ops/elementwise.ts";

/** What one part gives: values that are added up over all parts, gradients first. */
export interface PartResult<Own> {
  gradients: readonly Tensor[];
  own: Own;
}

/** Builds `parts` parts of a batch of `images`, each to its end before the next begins, and adds up their gradients. */
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

/** Throws a UsageError where a batch has no such parts. */
export function requireEqualParts(
  { batch_size, accumulate = 1 }: { batch_size: number; accumulate?: number },
): void {
  if (batch_size % accumulate === 0) return;
  throw new UsageError(
    `--accumulate ${accumulate}: expected a divisor of --batch_size ${batch_size}, so that the parts are equal`,
  );
}

/** The numbers of equal parts that a batch can be split into, the fewest first. */
export function partCounts(images: number): number[] {
  return Array.from({ length: images }, (_, index) => index + 1).filter((parts) => images % parts === 0);
}

/** The sum of one tensor of each part. */
export function total(tensors: readonly Tensor[]): Tensor {
  return tensors.reduce((sum, each) => add(sum, each));
}

/** The mean of one tensor of each part. */
export function average(tensors: readonly Tensor[]): Tensor {
  return tensors.length === 1 ? tensors[0]! : scale(total(tensors), 1 / tensors.length);
}
