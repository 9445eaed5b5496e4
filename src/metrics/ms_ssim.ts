/**
 * Multi-scale structural similarity (MS-SSIM) of 8-bit pictures.
 *
 * The definition is that of Wang, Simoncelli and Bovik, "Multiscale structural similarity for image quality
 * assessment", Asilomar Conference on Signals, Systems and Computers, 2003.
 */

import { type Sides, structuralSimilarity, windowSide } from "./ssim.ts";

/** The exponents of the paper, finest scale first. */
const weights: readonly number[] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/** A channel of a picture, at its own or at a smaller scale. */
interface Scale extends Sides {
  values: ArrayLike<number>;
}

/** The similarity of two channels. */
export interface MultiscaleSimilarity {
  /** SSIM at the scale of the picture, from −1 to 1. */
  ssim: number;
  /** MS-SSIM, from 0 to 1. */
  msSsim: number;
}

/**
 * The number of scales for a picture. Each scale halves the sides, and none may be smaller than the window: 5 scales
 * for sides of at least 161 pixels, 0 for sides of less than 11.
 */
export function scalesFor({ height, width }: Sides): number {
  let scales = 0;
  for (let side = Math.min(height, width); scales < weights.length && side >= windowSide; scales++) {
    side = Math.ceil(side / 2);
  }
  return scales;
}

/**
 * SSIM and MS-SSIM of two channels. MS-SSIM is a product over the scales of means over all positions of the window:
 * SSIM at the coarsest scale, contrast · structure at the others, each raised to the weight of its scale. Negative
 * means count as zero, because they have no real power.
 *
 * The paper uses five scales. For pictures that are too small for five, the weights of the scales that fit are
 * divided by their sum.
 *
 * @param first pixels of one channel, [H, W] in row-major order, from 0 to 255
 * @param second pixels of the other, in the same form
 * @throws {RangeError} if a side is smaller than the window of 11 pixels
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 *
 * const picture = Uint8ClampedArray.from({ length: 32 * 32 }, (_, index) => 37 * index % 256);
 * const noisy = picture.map((value, index) => value + index % 7);
 * const sides = { height: 32, width: 32 };
 * assertEquals(multiscaleSimilarity(picture, picture, sides), { ssim: 1, msSsim: 1 });
 * const { ssim, msSsim } = multiscaleSimilarity(picture, noisy, sides);
 * assert(ssim > 0.9 && ssim < 1 && msSsim > 0.9 && msSsim < 1);
 * ```
 */
export function multiscaleSimilarity(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  sides: Sides,
): MultiscaleSimilarity {
  const scales = Math.max(1, scalesFor(sides));
  const sum = weights.slice(0, scales).reduce((total, weight) => total + weight, 0);
  let [one, other]: Scale[] = [{ ...sides, values: first }, { ...sides, values: second }];
  let [ssim, msSsim] = [NaN, 1];
  for (let scale = 0; scale < scales; scale++) {
    const here = structuralSimilarity(one!.values, other!.values, one!);
    const isLast = scale === scales - 1;
    if (scale === 0) ssim = here.similarity;
    msSsim *= Math.max(0, isLast ? here.similarity : here.contrast) ** (weights[scale]! / sum);
    if (!isLast) [one, other] = [halve(one!), halve(other!)];
  }
  return { ssim, msSsim };
}

/** Halves the sides by averaging 2 × 2 pixels. The last row or column of an odd side is repeated. */
function halve({ values, height, width }: Scale): Scale {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const half = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < columns; x++) {
      const left = 2 * x;
      const right = Math.min(left + 1, width - 1);
      half[y * columns + x] =
        (values[upper + left]! + values[upper + right]! + values[lower + left]! + values[lower + right]!) / 4;
    }
  }
  return { values: half, height: rows, width: columns };
}
