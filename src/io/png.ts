import { decode, encode } from "fast-png";
import { DataError } from "../errors.ts";

/**
 * Pixels of 8 bits, row by row from the top, the channels of a pixel side by side: gray, or red, green and
 * blue.
 */
export interface PngImage {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/**
 * Encodes an image as a PNG file's bytes; the same image gives the same bytes. @throws RangeError where sizes
 * disagree.
 */
export function encodePng(image: PngImage): Uint8Array {
  const { width, height, channels, data } = image;
  if (!(width > 0 && height > 0) || data.length !== width * height * channels) {
    throw new RangeError(
      `${data.length} bytes are no image of ${width}×${height} pixels and ${channels} channels`,
    );
  }
  return encode({ width, height, channels, data, depth: 8 });
}

/** Decodes a PNG file's bytes, as encodePng writes them. @throws DataError for any other content. */
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
      `it is a PNG image of ${channels} channels of ${depth} bits; 1 or 3 of 8 bits are expected`,
    );
  }
  return { width, height, channels, data };
}
