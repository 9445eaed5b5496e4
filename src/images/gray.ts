/** Converts images to gray. */

import { makeSamples, type RasterImage } from "./image.ts";

/**
 * Converts colours to luma by ITU-R BT.601 in integers, which equals Pillow's mode "L". Gray images stay as they
 * are.
 */
export function toGray(image: RasterImage): RasterImage {
  if (image.channels === 1) return image;
  const { width, height, pixels } = image;
  const gray = makeSamples(width * height, pixels instanceof Uint8Array ? 255 : 65535);
  for (let pixel = 0; pixel < gray.length; pixel++) {
    const [red, green, blue] = [pixels[3 * pixel]!, pixels[3 * pixel + 1]!, pixels[3 * pixel + 2]!];
    gray[pixel] = Math.floor((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536);
  }
  return { ...image, channels: 1, pixels: gray };
}
