/** Differences of 8-bit pixels: peak signal-to-noise ratio and mean absolute error. */

import { normalisationFor } from "../data/normalisation.ts";

/**
 * Normalised images [N, C, H, W] as 8-bit pixels: the normalisation undone, rounded and clamped.
 *
 * @throws RangeError unless there are 1 or 3 channels
 */
export function toPixels(images: Float32Array, channels: number, pixels: number): Uint8ClampedArray {
  const numbers = normalisationFor(channels);
  if (!numbers) throw new RangeError(`a picture has 1 or 3 channels, not ${channels}`);
  const { mean, deviation } = numbers;
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

/** The mean squared difference of 8-bit pixels, in floating point: integers of 8 bits would wrap around. */
export function meanSquaredError(first: Uint8ClampedArray, second: Uint8ClampedArray): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += (first[index]! - second[index]!) ** 2;
  return sum / first.length;
}

/** The mean absolute difference of 8-bit pixels, in their levels (0 to 255). */
export function meanAbsoluteError(first: Uint8ClampedArray, second: Uint8ClampedArray): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += Math.abs(first[index]! - second[index]!);
  return sum / first.length;
}

/** 10 · log10(255² / mean squared error), in decibels; infinite for equal images. */
export function psnr(meanSquared: number): number {
  return 10 * Math.log10(255 ** 2 / meanSquared);
}
