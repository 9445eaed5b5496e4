/** Decodes JPEG files. */

import { DataError } from "../errors.ts";
import { checkSize, type DecodedImage } from "./image.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { decodeInWebAssembly } from "./webassembly.ts";

/** Frames of the discrete cosine transform: baseline, extended and progressive. */
const BASELINE = 0xc0, EXTENDED = 0xc1, PROGRESSIVE = 0xc2;

/** Whether the bytes start like a JPEG file. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Decodes a baseline or progressive JPEG file with 8 bits per sample to gray or RGB. The orientation in the camera's
 * metadata is ignored; so does Pillow by default.
 *
 * @throws {DataError} if the file is damaged, cut short, of another kind, or claims more than `maxPixels` pixels
 */
export async function decodeJpeg(bytes: Uint8Array, maxPixels: number): Promise<DecodedImage> {
  const header = readJpegHeader(bytes);
  checkSize(header.width, header.height, 1, maxPixels);
  const pixels = await decodeBaseline(bytes, header);
  const channels = header.components as 1 | 3;
  return { width: header.width, height: header.height, channels, largest: 255, pixels };
}

/**
 * Decodes a JPEG image with 8 bits per sample. Its own markers say which colour space it has.
 *
 * @throws {DataError} if the image is damaged or of another kind
 */
export async function decodeBaseline(
  bytes: Uint8Array,
  header: JpegHeader,
): Promise<Uint8Array<ArrayBuffer>> {
  const { frame, precision, width, height, components } = header;
  if (frame !== BASELINE && frame !== EXTENDED && frame !== PROGRESSIVE) {
    throw new DataError(
      `it is a JPEG image of kind 0x${frame.toString(16)}, expected baseline or progressive`,
    );
  }
  if (precision !== 8) {
    throw new DataError(`it is a JPEG image with ${precision} bits per sample, expected 8`);
  }
  if (components !== 1 && components !== 3) {
    throw new DataError(
      `it is a JPEG image with ${components} components, expected 1 (gray) or 3 (colour)`,
    );
  }
  return (await decodeInWebAssembly("JPEGDecoder", bytes, { width, height, components })).data;
}
