/** Colours of DICOM images: planes and YBR. */

import type { StoredSamples } from "./dicom_format.ts";
import type { Samples } from "./image.ts";

/** Converts three planes [3, pixels] to interleaved samples [pixels, 3]. */
export function interleave<T extends StoredSamples>(planes: T): T {
  const pixels = planes.slice() as T;
  const count = planes.length / 3;
  for (let component = 0; component < 3; component++) {
    for (let i = 0; i < count; i++) pixels[3 * i + component] = planes[component * count + i]!;
  }
  return pixels;
}

/**
 * Converts YBR_FULL (PS3.3, C.7.6.3.1.2) to RGB, in place. The two colour differences are zero in the middle of their
 * range.
 */
export function toRgb(pixels: Samples, bits: number): Samples {
  const most = 2 ** bits - 1;
  const middle = 2 ** (bits - 1);
  const clamp = (value: number) => Math.round(Math.min(most, Math.max(0, value)));
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const brightness = pixels[i]!;
    const blue = pixels[i + 1]! - middle;
    const red = pixels[i + 2]! - middle;
    pixels[i] = clamp(brightness + 1.402 * red);
    pixels[i + 1] = clamp(brightness - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587);
    pixels[i + 2] = clamp(brightness + 1.772 * blue);
  }
  return pixels;
}

/** Converts YBR_FULL_422 to RGB: for each two adjacent pixels two luminances, then their common colour differences. */
export function ybr422ToRgb(stored: Samples, bits: number): Samples {
  const pixels = stored instanceof Uint16Array
    ? new Uint16Array(stored.length / 2 * 3)
    : new Uint8Array(stored.length / 2 * 3);
  for (let from = 0, to = 0; from < stored.length; from += 4) {
    for (let pixel = 0; pixel < 2; pixel++, to += 3) {
      pixels[to] = stored[from + pixel]!;
      pixels[to + 1] = stored[from + 2]!;
      pixels[to + 2] = stored[from + 3]!;
    }
  }
  return toRgb(pixels, bits);
}
