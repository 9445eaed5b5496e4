/** Colours of JPEG images. */

import type { Samples } from "./image.ts";

/** A factor in 16-bit fixed point. */
const fixed = (value: number) => Math.round(value * 65536);
const RED = fixed(1.402), BLUE = fixed(1.772), GREEN_RED = fixed(0.71414), GREEN_BLUE = fixed(0.34414);

/**
 * Joins components into gray or red, green and blue, with libjpeg's roundings. Four components are cyan, magenta,
 * yellow and black, stored inverted, as Adobe's programs write them; they become colours as in Pillow.
 *
 * @param components one, three or four planes of equal size
 * @param target receives the pixels
 * @param space whether the first three are luminance and colour differences
 */
export function convertColours(
  components: Samples[],
  target: Samples,
  precision: number,
  space: "plain" | "ycc",
): void {
  const [first, second, third, black] = components as [Samples, Samples, Samples, Samples];
  if (components.length === 1) return target.set(first);
  const most = 2 ** precision - 1;
  const middle = 2 ** (precision - 1);
  const clamp = (value: number) => value < 0 ? 0 : value > most ? most : value;
  for (let i = 0, to = 0; i < first.length; i++, to += 3) {
    let [red, green, blue] = [first[i]!, second[i]!, third[i]!];
    if (space === "ycc") {
      const [bright, down, up] = [red, green - middle, blue - middle];
      red = clamp(bright + (RED * up + 32768 >> 16));
      green = clamp(bright + (-GREEN_BLUE * down - GREEN_RED * up + 32768 >> 16));
      blue = clamp(bright + (BLUE * down + 32768 >> 16));
      // Transformed cyan, magenta and yellow are the complements of what a transformation gives.
      if (black) [red, green, blue] = [most - red, most - green, most - blue];
    }
    if (black) {
      const white = black[i]!;
      const ink = (stored: number) => clamp(white - scaled(most - stored, white));
      [red, green, blue] = [ink(red), ink(green), ink(blue)];
    }
    target[to] = red;
    target[to + 1] = green;
    target[to + 2] = blue;
  }
}

/** The rounded product of two bytes as parts of 255. */
function scaled(one: number, other: number): number {
  const product = one * other + 128;
  return (product >> 8) + product >> 8;
}
