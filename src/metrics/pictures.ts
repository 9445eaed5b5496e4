/** A picture and its reconstruction as 8-bit pixels, and how close they are. */

import { multiscaleSimilarity, scalesFor } from "./ms_ssim.ts";
import { summarise, type Summary } from "./summary.ts";
import { meanAbsoluteError, meanSquaredError, psnr, toPixels } from "./psnr.ts";
import type { Sides } from "./ssim.ts";

/** Pixels of 8 bits, channel after channel. */
export interface Pixels extends Sides {
  channels: 1 | 3;
  /** [C, H, W]. */
  data: Uint8ClampedArray;
}

/** How close a reconstruction comes to its original. */
export interface PictureQuality {
  /** In decibels; infinite where no pixel differs. */
  psnr: number;
  /** The mean over the channels, like the next; null where a side is smaller than the window of 11 pixels. */
  ssim: number | null;
  msSsim: number | null;
  /** Scales that MS-SSIM is made of, 5 where the picture has room. */
  scales: number;
  /** In levels of 255. */
  absoluteError: number;
  /** In levels of 255, squared. */
  squaredError: number;
}

/**
 * Normalised images [C, H, W] of a picture and its reconstruction as pixels. A picture whose three channels are alike is gray: it has one channel
 * then, and so has its reconstruction, the mean of the three; unless `pictureChannels` says how many there are to be.
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

/** Whether all channels hold the same. */
function isGray(pixels: Uint8ClampedArray, plane: number): boolean {
  for (let index = plane; index < pixels.length; index++) {
    if (pixels[index] !== pixels[index - plane]) return false;
  }
  return true;
}

/** The channels' mean, each rounded to 8 bits before, as a picture in colour would be. */
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

/** Measures a reconstruction of the same shape. */
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
  /** Images of which no pixel differs: their PSNR is infinite, and left out of the next. */
  identical: number;
  psnr: Summary | null;
  /** PSNR of the mean squared error over all images, as if they were one. */
  overallPsnr: number;
  ssim: Summary | null;
  msSsim: Summary | null;
  /** Scales that MS-SSIM is made of. */
  scales: number;
  absoluteError: Summary | null;
}

/** Sums up images of one size. */
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
