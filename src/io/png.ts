/** PNG files of 8-bit gray or RGB images. */

import { decode, encode } from "fast-png";
import { DataError } from "../errors.ts";

/** An 8-bit image, [height, width, channels] in row-major order. One channel is gray, three are red, green and blue. */
export interface PngImage {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/**
 * Encodes an image. Equal images give equal bytes.
 *
 * @returns the bytes of a PNG file
 * @throws {RangeError} if the image is empty or `data` does not fit its sides and channels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const image: PngImage = { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) };
 * assertEquals([...decodePng(encodePng(image)).data], [0, 255]);
 * ```
 */
export function encodePng(image: PngImage): Uint8Array {
  const { width, height, channels, data } = image;
  if (!(width > 0 && height > 0) || data.length !== width * height * channels) {
    throw new RangeError(
      `${data.length} bytes do not fit an image of ${width}×${height} pixels and ${channels} channels`,
    );
  }
  return encode({ width, height, channels, data, depth: 8 });
}

/**
 * Decodes the bytes of a PNG file.
 *
 * @throws {DataError} if they are not a PNG file, or hold anything but 1 or 3 channels of 8 bits without a palette
 */
export function decodePng(bytes: Uint8Array): PngImage {
  let image;
  try {
    image = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw new DataError(`it is not a PNG file: ${(error as Error).message.split("\n")[0]}`);
  }
  const { width, height, channels, depth, data } = image;
  if (!(data instanceof Uint8Array) || depth !== 8 || (channels !== 1 && channels !== 3) || image.palette) {
    throw new DataError(
      `it is a PNG file with ${channels} channels of ${depth} bits; expected 1 or 3 channels of 8 bits`,
    );
  }
  return { width, height, channels, data };
}
