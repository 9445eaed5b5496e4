import type { Samples } from "./image.ts";

/** Puts the samples of a pixel side by side, where each of the three components has a plane of its own. */
export function interleave(planes: Samples): Samples {
  const pixels = planes.slice();
  const count = planes.length / 3;
  for (let component = 0; component < 3; component++) {
    for (let i = 0; i < count; i++) pixels[3 * i + component] = planes[component * count + i]!;
  }
  return pixels;
}

/**
 * Turns brightness and two differences of colour into red, green and blue, in place: YBR_FULL (PS3.3,
 * C.7.6.3.1.2), whose differences are zero in the middle of their range.
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

/** Turns YBR_FULL_422 into RGB: of two pixels side by side two brightnesses, then the differences of both. */
export function halvedToRgb(stored: Samples, bits: number): Samples {
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
