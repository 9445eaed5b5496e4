/** Pixel errors of 8-bit pictures: mean squared and absolute error, peak signal-to-noise ratio. */

import { normalisationFor } from "../data/normalisation.ts";

/**
 * Converts normalised images [N, C, H, W] to 8-bit pixels: undoes the normalisation, rounds and clamps.
 *
 * @param pixels the pixels of one channel, H · W
 * @throws {RangeError} if C is neither 1 nor 3
 */
export function toPixels(images: Float32Array, channels: number, pixels: number): Uint8ClampedArray {
  const normalisation = normalisationFor(channels);
  if (!normalisation) throw new RangeError(`a picture has 1 or 3 channels, not ${channels}`);
  const { mean, deviation } = normalisation;
  const result = new Uint8ClampedArray(images.length);
  for (let start = 0; start < images.length; start += pixels) {
    const channel = (start / pixels) % channels;
    const scale = deviation[channel]!, shift = mean[channel]!;
    for (let index = start; index < start + pixels; index++) {
      result[index] = 255 * (images[index]! * scale + shift);
    }
  }
  return result;
}

/** The mean squared difference of 8-bit pixels, in squared levels. */
export function meanSquaredError(first: Uint8ClampedArray, second: Uint8ClampedArray): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += (first[index]! - second[index]!) ** 2;
  return sum / first.length;
}

/** The mean absolute difference of 8-bit pixels, in levels from 0 to 255. */
export function meanAbsoluteError(first: Uint8ClampedArray, second: Uint8ClampedArray): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += Math.abs(first[index]! - second[index]!);
  return sum / first.length;
}

/**
 * The peak signal-to-noise ratio of 8-bit pictures, 10 · log₁₀(255² / mean squared error). Equals scikit-image's
 * `peak_signal_noise_ratio` with `data_range=255`.
 *
 * @param meanSquared the mean squared error, in squared levels
 * @returns decibels; Infinity if the error is 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [original, noisy] = [Uint8ClampedArray.of(10, 20, 30), Uint8ClampedArray.of(15, 15, 35)];
 * assertAlmostEquals(psnr(meanSquaredError(original, noisy)), 34.15, 0.01);
 * ```
 */
export function psnr(meanSquared: number): number {
  return 10 * Math.log10(255 ** 2 / meanSquared);
}
