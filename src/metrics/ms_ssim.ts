/**
 * Structural similarity at several scales (Wang, Simoncelli and Bovik, "Multiscale structural similarity for image quality assessment",
 * Asilomar Conference on Signals, Systems and Computers, 2003).
 */

import { type Sides, type Structure, structure, windowSide } from "./ssim.ts";

/** The paper's exponents, finest scale first. */
const weights: readonly number[] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/** A picture's channel, or a smaller one made of it. */
interface Scale extends Sides {
  values: ArrayLike<number>;
}

/** Structural similarity of a channel, at its own scale and at several. */
export interface MultiscaleSimilarity {
  /** SSIM at the picture's own scale. */
  ssim: number;
  msSsim: number;
}

/** Scales that a picture of these sides has room for: halved each time, and none smaller than the window; 5 from 161 pixels on. */
export function scalesFor({ height, width }: Sides): number {
  let scales = 0;
  for (let side = Math.min(height, width); scales < weights.length && side >= windowSide; scales++) {
    side = Math.ceil(side / 2);
  }
  return scales;
}

/**
 * SSIM and MS-SSIM of two channels [H, W] of 0 … 255: the product over the scales of contrast · structure, at the coarsest one of SSIM, each
 * to its weight. Where fewer than five scales fit, those that do are taken, with their weights divided by their sum. A
 * negative mean counts as zero, which has no real power.
 *
 * @throws RangeError where a side is smaller than the window
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
    const here: Structure = structure(one!.values, other!.values, one!);
    const isLast = scale === scales - 1;
    if (scale === 0) ssim = here.similarity;
    msSsim *= Math.max(0, isLast ? here.similarity : here.contrast) ** (weights[scale]! / sum);
    if (!isLast) [one, other] = [halve(one!), halve(other!)];
  }
  return { ssim, msSsim };
}

/** Means of 2 × 2 pixels; the last row or column of an odd number is taken twice. */
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
