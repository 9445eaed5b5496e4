/**
 * Structural similarity of 8-bit pictures (Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
 * structural similarity", IEEE Transactions on Image Processing 13, 2004), in float64.
 */

/** Sides of a picture, or of one channel of it. */
export interface Sides {
  height: number;
  width: number;
}

/** The window's side: a smaller picture has no structural similarity. */
export const windowSide = 11;

const sigma = 1.5;
/** The standard constants for 8 bits: (K₁ · 255)² and (K₂ · 255)². */
const luminanceConstant = (0.01 * 255) ** 2;
const contrastConstant = (0.03 * 255) ** 2;

/** A Gaussian's values over the window, their sum 1. */
const taps: readonly number[] = (() => {
  const middle = (windowSide - 1) / 2;
  const values = Array.from(
    { length: windowSide },
    (_, at) => Math.exp(-((at - middle) ** 2) / (2 * sigma ** 2)),
  );
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
})();

/** Means over all places where the whole window lies within the picture. */
export interface Structure {
  /** SSIM: luminance · contrast · structure. */
  similarity: number;
  /** Contrast · structure, without the luminance. */
  contrast: number;
}

/**
 * SSIM of two channels [H, W] of 0 … 255, and its part without the luminance: with the standard 11 × 11 Gaussian window of σ 1.5, K₁ 0.01, K₂
 * 0.03, variances divided by the window's weight, and places left out whose window would reach over the border.
 *
 * @throws RangeError where a side is smaller than the window
 */
export function structure(first: ArrayLike<number>, second: ArrayLike<number>, sides: Sides): Structure {
  const { height, width } = sides;
  if (height < windowSide || width < windowSide) {
    throw new RangeError(`a picture of ${height} by ${width} is smaller than the window of ${windowSide}`);
  }
  const firstMean = smooth(sides, (at) => first[at]!);
  const secondMean = smooth(sides, (at) => second[at]!);
  const squares = smooth(sides, (at) => first[at]! ** 2 + second[at]! ** 2);
  const products = smooth(sides, (at) => first[at]! * second[at]!);
  let [similarity, contrast] = [0, 0];
  for (let at = 0; at < products.length; at++) {
    const product = firstMean[at]! * secondMean[at]!;
    const meanSquares = firstMean[at]! ** 2 + secondMean[at]! ** 2;
    const here = (2 * (products[at]! - product) + contrastConstant) /
      (squares[at]! - meanSquares + contrastConstant);
    contrast += here;
    similarity += here * (2 * product + luminanceConstant) / (meanSquares + luminanceConstant);
  }
  return { similarity: similarity / products.length, contrast: contrast / products.length };
}

/** A channel under the window, [H − 10, W − 10]. */
function smooth({ height, width }: Sides, value: (at: number) => number): Float64Array {
  const columns = width - windowSide + 1;
  const rows = height - windowSide + 1;
  const line = new Float64Array(width);
  const across = new Float64Array(height * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) line[x] = value(y * width + x);
    for (let tap = 0; tap < windowSide; tap++) {
      const weight = taps[tap]!;
      for (let x = 0; x < columns; x++) across[y * columns + x]! += weight * line[x + tap]!;
    }
  }
  const result = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let tap = 0; tap < windowSide; tap++) {
      const weight = taps[tap]!;
      const source = (y + tap) * columns;
      for (let x = 0; x < columns; x++) result[y * columns + x]! += weight * across[source + x]!;
    }
  }
  return result;
}
