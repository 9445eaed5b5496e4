/** Converts images to gray. */

import type { Picture } from "./resize.ts";

/** Converts colours to luma by ITU-R BT.601 in integers, which equals Pillow's mode "L". Gray pictures stay as they are. */
export function toGray(picture: Picture): Picture {
  if (picture.channels === 1) return picture;
  const { width, height, pixels } = picture;
  const gray = pixels instanceof Uint8Array
    ? new Uint8Array(width * height)
    : new Uint16Array(width * height);
  for (let pixel = 0; pixel < gray.length; pixel++) {
    const [red, green, blue] = [pixels[3 * pixel]!, pixels[3 * pixel + 1]!, pixels[3 * pixel + 2]!];
    gray[pixel] = Math.floor((19595 * red + 38470 * green + 7471 * blue + 32768) / 65536);
  }
  return { ...picture, channels: 1, pixels: gray };
}
