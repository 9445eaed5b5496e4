/** The quality of reconstructed pictures. */

import { multiscaleSimilarity, scalesFor } from "./ms_ssim.ts";
import { summarise, type Summary } from "./summary.ts";
import { meanAbsoluteError, meanSquaredError, psnr, toPixels } from "./psnr.ts";
import type { Sides } from "./ssim.ts";

/** A picture of 8-bit pixels. */
export interface Pixels extends Sides {
  channels: 1 | 3;
  /** [C, H, W] in row-major order. */
  data: Uint8ClampedArray;
}

/** How close a reconstruction is to its original. */
export interface PictureQuality {
  /** Peak signal-to-noise ratio, in decibels; infinite if the pictures are equal. */
  psnr: number;
  /** Mean over the channels; null if a side is smaller than the window of 11 pixels. */
  ssim: number | null;
  /** Mean over the channels; null if a side is smaller than the window of 11 pixels. */
  msSsim: number | null;
  /** The number of scales in MS-SSIM: 5, or fewer for small pictures. */
  scales: number;
  /** Mean absolute error, in levels from 0 to 255. */
  absoluteError: number;
  /** Mean squared error, in squared levels. */
  squaredError: number;
}

/**
 * Converts a normalised image and its reconstruction, both [C, H, W], to pixels. By default, an image whose three
 * channels are equal is treated as gray: its picture has one channel, and that of the reconstruction is the mean of
 * its three channels.
 *
 * @param pictureChannels the number of channels of both pictures; default: 1 if the original is gray, else C
 * @throws {RangeError} if C is neither 1 nor 3
 */
export function pixelPair(
  original: Float32Array,
  reconstruction: Float32Array,
  shape: readonly [channels: number, height: number, width: number],
  pictureChannels?: Pixels["channels"],
): { original: Pixels; reconstruction: Pixels } {
  const [channels, height, width] = shape;
  const plane = height * width;
  const [first, second] = [original, reconstruction].map((image) => toPixels(image, channels, plane));
  const data = (pictureChannels ? pictureChannels === 1 : isGray(first!, plane))
    ? { original: first!.subarray(0, plane), reconstruction: toGray(second!, plane) }
    : { original: first!, reconstruction: second! };
  const sides = { channels: data.original.length / plane as 1 | 3, height, width };
  return {
    original: { ...sides, data: data.original },
    reconstruction: { ...sides, data: data.reconstruction },
  };
}

/** Whether all channels are equal. */
function isGray(pixels: Uint8ClampedArray, plane: number): boolean {
  for (let index = plane; index < pixels.length; index++) {
    if (pixels[index] !== pixels[index - plane]) return false;
  }
  return true;
}

/** The mean of the channels. Each channel is already rounded to 8 bits, as in a colour picture. */
function toGray(pixels: Uint8ClampedArray, plane: number): Uint8ClampedArray {
  const channels = pixels.length / plane;
  const gray = new Uint8ClampedArray(plane);
  for (let index = 0; index < plane; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += pixels[channel * plane + index]!;
    gray[index] = sum / channels;
  }
  return gray;
}

/** Measures how close a reconstruction is to an original of the same shape. */
export function measurePicture(original: Pixels, reconstruction: Pixels): PictureQuality {
  const { channels, height, width } = original;
  const plane = height * width;
  const squaredError = meanSquaredError(original.data, reconstruction.data);
  const scales = scalesFor(original);
  let [ssim, msSsim] = [0, 0];
  for (let start = 0; scales > 0 && start < original.data.length; start += plane) {
    const [one, other] = [original, reconstruction].map(({ data }) => data.subarray(start, start + plane));
    const similarity = multiscaleSimilarity(one!, other!, original);
    ssim += similarity.ssim / channels;
    msSsim += similarity.msSsim / channels;
  }
  return {
    psnr: psnr(squaredError),
    ssim: scales > 0 ? ssim : null,
    msSsim: scales > 0 ? msSsim : null,
    scales,
    absoluteError: meanAbsoluteError(original.data, reconstruction.data),
    squaredError,
  };
}

/** The quality of many reconstructions. */
export interface QualitySummary {
  images: number;
  /** Images that are reconstructed exactly. Their infinite PSNR is left out of `psnr`. */
  identical: number;
  psnr: Summary | null;
  /** The PSNR of the mean squared error over all images, in decibels. */
  overallPsnr: number;
  ssim: Summary | null;
  msSsim: Summary | null;
  /** The number of scales in MS-SSIM. */
  scales: number;
  absoluteError: Summary | null;
}

/** Summarises the quality of images of one size. */
export function summariseQuality(images: readonly PictureQuality[]): QualitySummary {
  const all = (pick: (image: PictureQuality) => number | null) =>
    summarise(images.map(pick).filter((value): value is number => value !== null && Number.isFinite(value)));
  return {
    images: images.length,
    identical: images.filter(({ squaredError }) => squaredError === 0).length,
    psnr: all((image) => image.psnr),
    overallPsnr: psnr(images.reduce((sum, { squaredError }) => sum + squaredError, 0) / images.length),
    ssim: all((image) => image.ssim),
    msSsim: all((image) => image.msSsim),
    scales: images[0]?.scales ?? 0,
    absoluteError: all((image) => image.absoluteError),
  };
}
