/** Resizes images with Pillow's Lanczos resampling and pads them to squares. */

import type { RasterImage, Samples } from "./image.ts";

/** Radius of the Lanczos filter, in pixels of the coarser image. */
const lobes = 3;

/** The source pixels of each pixel i of a resized line: `counts[i]` of them from `firsts[i]`, with their weights. */
interface Taps {
  firsts: Int32Array;
  counts: Int32Array;
  /** [pixels of the resized line, width]. */
  weights: Float64Array;
  width: number;
}

/**
 * Resizes an image so that its longer side is `size` pixels and centres it on a black square. The shorter side is
 * rounded down, to at least 1. If the padding is an odd number of lines, the extra line is at the bottom or right.
 */
export function fitSquare(image: RasterImage, size: number): RasterImage {
  const longer = Math.max(image.width, image.height);
  const scaled = (side: number) => Math.max(1, Math.floor(side * size / longer));
  return padToSquare(resizeLanczos(image, scaled(image.width), scaled(image.height)));
}

/** Centres an image on a black square whose side is the image's longer side. */
export function padToSquare(image: RasterImage): RasterImage {
  const { width, height, channels, pixels } = image;
  if (width === height) return image;
  const side = Math.max(width, height);
  const above = Math.floor((side - height) / 2);
  const left = Math.floor((side - width) / 2);
  const padded = likePixels(pixels, side * side * channels);
  for (let y = 0; y < height; y++) {
    const row = pixels.subarray(y * width * channels, (y + 1) * width * channels);
    padded.set(row, ((above + y) * side + left) * channels);
  }
  return { ...image, width: side, height: side, pixels: padded };
}

/**
 * Resizes an image with the Lanczos filter of three lobes, widened against aliasing if the image shrinks: first along
 * rows, then along columns. Each result is rounded to an integer and clipped to 0 … `largest`. For 8 bits every step,
 * and so every pixel, equals Pillow's (`Image.resize` with `LANCZOS`, src/libImaging/Resample.c).
 */
export function resizeLanczos(image: RasterImage, width: number, height: number): RasterImage {
  const narrowed = width === image.width ? image : resizeRows(image, width);
  return height === image.height ? narrowed : resizeColumns(narrowed, height);
}

function resizeRows(image: RasterImage, width: number): RasterImage {
  const { height, channels, pixels, largest } = image;
  const taps = lanczosTaps(image.width, width, pixels instanceof Uint8Array);
  const resized = likePixels(pixels, width * height * channels);
  for (let y = 0; y < height; y++) {
    const row = y * image.width * channels;
    for (let x = 0; x < width; x++) {
      const first = taps.firsts[x]!;
      const count = taps.counts[x]!;
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0.5;
        let source = row + first * channels + channel;
        for (let tap = x * taps.width, end = tap + count; tap < end; tap++, source += channels) {
          sum += pixels[source]! * taps.weights[tap]!;
        }
        resized[(y * width + x) * channels + channel] = clip(sum, largest);
      }
    }
  }
  return { ...image, width, pixels: resized };
}

function resizeColumns(image: RasterImage, height: number): RasterImage {
  const { width, channels, pixels, largest } = image;
  const taps = lanczosTaps(image.height, height, pixels instanceof Uint8Array);
  const rowLength = width * channels;
  const resized = likePixels(pixels, rowLength * height);
  const sums = new Float64Array(rowLength);
  for (let y = 0; y < height; y++) {
    sums.fill(0.5);
    for (let tap = 0; tap < taps.counts[y]!; tap++) {
      const weight = taps.weights[y * taps.width + tap]!;
      const row = (taps.firsts[y]! + tap) * rowLength;
      for (let x = 0; x < rowLength; x++) sums[x] = sums[x]! + pixels[row + x]! * weight;
    }
    for (let x = 0; x < rowLength; x++) resized[y * rowLength + x] = clip(sums[x]!, largest);
  }
  return { ...image, height, pixels: resized };
}

/** The nearest integer in 0 … `largest` of a sum that already includes one half. */
function clip(sum: number, largest: number): number {
  return sum <= 0 ? 0 : sum >= largest ? largest : Math.floor(sum);
}

function likePixels(pixels: Samples, length: number): Samples {
  return pixels instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length);
}

/** Weights for 8-bit pixels are multiples of 2⁻²², as in Pillow's integer arithmetic. */
const fixedPoint = 2 ** 22;

function lanczosTaps(from: number, to: number, isFixedPoint: boolean): Taps {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const support = lobes * stretch;
  const width = 2 * Math.ceil(support) + 1;
  const taps: Taps = {
    firsts: new Int32Array(to),
    counts: new Int32Array(to),
    weights: new Float64Array(to * width),
    width,
  };
  for (let index = 0; index < to; index++) {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(from, Math.trunc(centre + support + 0.5)) - first;
    const weights = taps.weights.subarray(index * width, index * width + count);
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      weights[tap] = lanczos((first + tap - centre + 0.5) / stretch);
      sum += weights[tap]!;
    }
    for (let tap = 0; tap < count; tap++) {
      const weight = weights[tap]! / sum;
      weights[tap] = isFixedPoint ? roundFromZero(weight * fixedPoint) / fixedPoint : weight;
    }
    taps.firsts[index] = first;
    taps.counts[index] = count;
  }
  return taps;
}

/** sinc(x) · sinc(x / 3) for −3 ≤ x < 3, otherwise 0. */
function lanczos(x: number): number {
  return x >= -lobes && x < lobes ? sinc(x) * sinc(x / lobes) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function roundFromZero(value: number): number {
  return Math.trunc(value + (value < 0 ? -0.5 : 0.5));
}
