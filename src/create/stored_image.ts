/** Decoded images as the pixel values that a data file stores. */

import { normalisationFor } from "../data/normalisation.ts";
import type { RasterImage } from "../images/image.ts";

/** Stored pixels: normalised float32, or uint8 from 0 to 255, which readers normalise. */
export type PixelType = "float32" | "uint8";

export type StoredPixels = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** The image as [channels, H, W]. A gray image is repeated for each channel. */
export function storedPixels(image: RasterImage, channels: 1 | 3, type: PixelType): StoredPixels {
  const { width, height, pixels, largest } = image;
  const plane = width * height;
  const stored = type === "uint8" ? new Uint8Array(channels * plane) : new Float32Array(channels * plane);
  const step = pixels.length / plane;
  for (let channel = 0; channel < channels; channel++) {
    const { scale, shift } = mapping(channel, channels, type, largest);
    const first = step === 1 ? 0 : channel;
    const start = channel * plane;
    for (let pixel = 0; pixel < plane; pixel++) {
      stored[start + pixel] = pixels[first + pixel * step]! * scale + shift;
    }
  }
  return stored;
}

/** The stored value is pixel · scale + shift; uint8 values are then rounded down. */
function mapping(
  channel: number,
  channels: 1 | 3,
  type: PixelType,
  largest: number,
): { scale: number; shift: number } {
  if (type === "uint8") {
    return largest === 255 ? { scale: 1, shift: 0 } : { scale: 255 / largest, shift: 0.5 };
  }
  const { mean, deviation } = normalisationFor(channels)!;
  return { scale: 1 / (largest * deviation[channel]!), shift: -mean[channel]! / deviation[channel]! };
}

/** Joins images [C, H, W] of one size and type into [count, C, H, W]. There must be at least one. */
export function joinPixels(images: readonly StoredPixels[]): StoredPixels {
  const first = images[0]!;
  if (images.length === 1) return first;
  const length = images.length * first.length;
  const joined = first instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  images.forEach((image, index) => joined.set(image, index * first.length));
  return joined;
}
