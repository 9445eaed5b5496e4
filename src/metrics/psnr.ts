/** Peak signal-to-noise ratio on 8-bit pixels. */

import { imagenetDeviation, imagenetMean } from "../data/normalisation.ts";

/** Normalised images [N, C, H, W] as 8-bit pixels: the normalisation undone, rounded and clamped. */
export function toPixels(images: Float32Array, channels: number, pixels: number): Uint8ClampedArray {
  return Uint8ClampedArray.from(images, (value, index) => {
    const channel = Math.floor(index / pixels) % channels;
    return 255 * (value * imagenetDeviation[channel % 3]! + imagenetMean[channel % 3]!);
  });
}

/** The mean squared difference of 8-bit pixels, in floating point: integers of 8 bits would wrap around. */
export function meanSquaredError(first: Uint8ClampedArray, second: Uint8ClampedArray): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += (first[index]! - second[index]!) ** 2;
  return sum / first.length;
}

/** 10 · log10(255² / mean squared error), in decibels; infinite for equal images. */
export function psnr(meanSquared: number): number {
  return 10 * Math.log10(255 ** 2 / meanSquared);
}
