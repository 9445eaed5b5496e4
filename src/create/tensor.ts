/** Pictures as the numbers that a data file holds. */

import { normalisationFor } from "../data/normalisation.ts";
import type { Picture } from "../images/resize.ts";

/** How a data file stores pixels: normalised, or as whole values 0 … 255 that are normalised when they are read. */
export type PixelType = "float32" | "uint8";

export type Tensor = Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** The picture as [channels, H, W], where gray is repeated. */
export function tensorOf(picture: Picture, channels: 1 | 3, type: PixelType): Tensor {
  const { width, height, pixels, largest } = picture;
  const plane = width * height;
  const tensor = type === "uint8" ? new Uint8Array(channels * plane) : new Float32Array(channels * plane);
  const step = pixels.length / plane;
  for (let channel = 0; channel < channels; channel++) {
    const { scale, shift } = mapping(channel, channels, type, largest);
    const first = step === 1 ? 0 : channel;
    const start = channel * plane;
    for (let pixel = 0; pixel < plane; pixel++) {
      tensor[start + pixel] = pixels[first + pixel * step]! * scale + shift;
    }
  }
  return tensor;
}

/** A stored value is pixel · scale + shift, cut to a whole value for uint8. */
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
