/**
 * Structural similarity (SSIM) of 8-bit pictures.
 *
 * The definition is that of Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
 * structural similarity", IEEE Transactions on Image Processing 13, 2004. All arithmetic is float64.
 */

/** The sides of a picture, in pixels. */
export interface Sides {
  height: number;
  width: number;
}

/** The side of the window, in pixels. SSIM is not defined for smaller pictures. */
export const windowSide = 11;

const sigma = 1.5;
/** (K₁ · L)² and (K₂ · L)² of the paper, with the range L of 8-bit pixels. */
const luminanceConstant = (0.01 * 255) ** 2;
const contrastConstant = (0.03 * 255) ** 2;

/** The Gaussian weights of the window in one direction; their sum is 1. */
const taps: readonly number[] = (() => {
  const middle = (windowSide - 1) / 2;
  const values = Array.from(
    { length: windowSide },
    (_, at) => Math.exp(-((at - middle) ** 2) / (2 * sigma ** 2)),
  );
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
})();

/** The similarity of two channels: means over all positions of the window. */
export interface StructuralSimilarity {
  /** SSIM, from −1 to 1: luminance · contrast · structure. */
  similarity: number;
  /** SSIM without its luminance term: contrast · structure. */
  contrast: number;
}

/**
 * The structural similarity of two channels, with the paper's standard parameters: an 11 × 11 Gaussian window with σ
 * = 1.5, K₁ = 0.01 and K₂ = 0.03. Variances are divided by the sum of the weights, and only positions where the
 * window lies within the picture count. Equals scikit-image's `structural_similarity` with `gaussian_weights=True`,
 * `use_sample_covariance=False` and `data_range=255`.
 *
 * @param first pixels of one channel, [H, W] in row-major order, from 0 to 255
 * @param second pixels of the other, in the same form
 * @throws {RangeError} if a side is smaller than the window
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 *
 * const picture = Uint8ClampedArray.from({ length: 16 * 16 }, (_, index) => 37 * index % 256);
 * const darker = picture.map((value) => value / 2);
 * const sides = { height: 16, width: 16 };
 * assertEquals(structuralSimilarity(picture, picture, sides).similarity, 1);
 * assert(structuralSimilarity(picture, darker, sides).similarity < 0.9);
 * ```
 */
export function structuralSimilarity(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  sides: Sides,
): StructuralSimilarity {
  const { height, width } = sides;
  if (height < windowSide || width < windowSide) {
    throw new RangeError(
      `a picture of ${height} by ${width} pixels is smaller than the window of ${windowSide} by ${windowSide}`,
    );
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

/** The weighted means of a channel at all positions of the window, [H − 10, W − 10]. */
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
