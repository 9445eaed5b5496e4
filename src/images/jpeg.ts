import { DataError } from "../errors.ts";
import { checkSize, type DecodedImage } from "./image.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { decodeInWebAssembly } from "./webassembly.ts";

/** Frames made of cosine transforms of blocks: baseline, extended, progressive. */
const BASELINE = 0xc0, EXTENDED = 0xc1, PROGRESSIVE = 0xc2;

/** Whether the bytes begin as a JPEG file does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Decodes a JPEG file of 8 bits a sample, baseline or progressive: gray, or colours as RGB. A camera's note to
 * turn the picture is not followed, as Pillow does not by itself.
 *
 * @throws DataError where the file is damaged, cut short, of another kind, or claims more than `most` pixels
 */
export async function decodeJpeg(bytes: Uint8Array, most: number): Promise<DecodedImage> {
  const header = readJpegHeader(bytes);
  checkSize(header.width, header.height, 1, most);
  const pixels = await decodeBaseline(bytes, header);
  const channels = header.components as 1 | 3;
  return { width: header.width, height: header.height, channels, largest: 255, pixels };
}

/** Decodes a picture of 8 bits a sample by its own markers' account of its colours. */
export async function decodeBaseline(
  bytes: Uint8Array,
  header: JpegHeader,
): Promise<Uint8Array<ArrayBuffer>> {
  const { frame, precision, width, height, components } = header;
  if (frame !== BASELINE && frame !== EXTENDED && frame !== PROGRESSIVE) {
    throw new DataError(
      `it is a JPEG picture of kind 0x${frame.toString(16)}; baseline or progressive is expected`,
    );
  }
  if (precision !== 8) {
    throw new DataError(`it is a JPEG picture of ${precision} bits a sample; 8 are expected`);
  }
  if (components !== 1 && components !== 3) {
    throw new DataError(
      `it is a JPEG picture of ${components} components; 1 (gray) or 3 (colours) are expected`,
    );
  }
  return (await decodeInWebAssembly("JPEGDecoder", bytes, { width, height, components })).data;
}
