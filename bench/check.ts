/** Checks of a kernel's results, made before it is timed. */

import type { Tensor } from "../src/graph/tensor.ts";

type Values = ArrayLike<number>;

/** The largest error allowed, relative to the largest value: far above float32's rounding, far below any mistake. */
const tolerance = 2e-5;

/**
 * Compares the GPU's values with those of the float64 reference.
 *
 * @throws {Error} if they differ, or if the reference is zero everywhere, which a kernel that never ran would match
 */
export function checkValues(label: string, got: Values, expected: Values, allowed = tolerance): void {
  if (got.length !== expected.length) {
    throw new Error(`${label}: ${got.length} values instead of ${expected.length}`);
  }
  let scale = 0;
  for (let index = 0; index < expected.length; index++) scale = Math.max(scale, Math.abs(expected[index]!));
  if (!(scale > 0)) throw new Error(`${label}: the reference is zero everywhere, which proves nothing`);
  for (let index = 0; index < expected.length; index++) {
    const error = Math.abs(got[index]! - expected[index]!) / scale;
    if (!(error <= allowed)) {
      throw new Error(`${label}: element ${index} is ${got[index]} instead of ${expected[index]}`);
    }
  }
}

/**
 * Checks codes by their distance: a code may differ from the reference's only if both are equally near, to float32's
 * rounding.
 *
 * @throws {Error} if a position has a code that is not the nearest
 */
export function checkCodes(node: Tensor, got: Values, x: Values, codebook: Values): void {
  const [images, channels, height, width] = node.inputs[0]!.shape as [number, number, number, number];
  const codes = node.inputs[1]!.shape[1]!;
  const pixels = height * width;
  for (let position = 0; position < images * pixels; position++) {
    const first = Math.floor(position / pixels) * channels * pixels + position % pixels;
    const distance = (code: number) => {
      let sum = 0;
      for (let d = 0; d < channels; d++) sum += (x[first + d * pixels]! - codebook[d * codes + code]!) ** 2;
      return sum;
    };
    let least = Infinity;
    for (let code = 0; code < codes; code++) least = Math.min(least, distance(code));
    if (!(distance(got[position]!) <= least * (1 + tolerance))) {
      throw new Error(
        `${node.label}: position ${position} got code ${got[position]}, which is not the nearest`,
      );
    }
  }
}
