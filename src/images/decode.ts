/** Decodes image files of any supported format. */

import { DataError } from "../errors.ts";
import { decodeBmp, isBmp } from "./bmp.ts";
import { decodeDicom, isDicom } from "./dicom.ts";
import { type DecodedImage, type DecodeOptions, DEFAULT_MAX_PIXELS } from "./image.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodeNifti, isNifti } from "./nifti.ts";
import { decodePng, isPng } from "./png.ts";
import { decodeWebp, isWebp } from "./webp.ts";

export type { DecodedImage, DecodeOptions } from "./image.ts";
export { readDicomTags } from "./dicom.ts";

/** A format: its name in messages, how it is recognised by its content, and its decoder. */
interface Format {
  name: string;
  matches(bytes: Uint8Array): boolean;
  decode(
    bytes: Uint8Array,
    maxPixels: number,
    options: DecodeOptions,
  ): DecodedImage | Promise<DecodedImage | DecodedImage[]>;
}

const formats: readonly Format[] = [
  { name: "PNG", matches: isPng, decode: decodePng },
  { name: "JPEG", matches: isJpeg, decode: decodeJpeg },
  { name: "DICOM", matches: isDicom, decode: decodeDicom },
  { name: "BMP", matches: isBmp, decode: decodeBmp },
  { name: "WebP", matches: isWebp, decode: decodeWebp },
  {
    name: "NIfTI",
    matches: isNifti,
    decode: decodeNifti,
  },
];

/**
 * Decodes the bytes of an image file: PNG, JPEG, WebP, BMP, DICOM (one image for each frame) or NIfTI (one image for
 * each slice). The format is recognised by the content; the file's name does not matter.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodePng } from "../io/png.ts";
 *
 * const bytes = encodePng({ width: 2, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0, 0, 0, 255) });
 * const [image] = await decodeImage(bytes);
 * assertEquals(image, {
 *   width: 2,
 *   height: 1,
 *   channels: 3,
 *   largest: 255,
 *   pixels: Uint8Array.of(255, 0, 0, 0, 0, 255),
 * });
 * ```
 *
 * @returns the images in the order of the file, at least one; pixels are [H, W, channels], from 0 (black) to
 * `largest`
 * @throws {DataError} if the bytes are not a complete image of these formats, or the image is too large; the message
 * is one line without the file's name
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedImage[]> {
  const format = formats.find((format) => format.matches(bytes));
  if (!format) throw new DataError(unknownFormat(bytes));
  try {
    const images = await format.decode(bytes, options.maxPixels ?? DEFAULT_MAX_PIXELS, options);
    return Array.isArray(images) ? images : [images];
  } catch (error) {
    throw new DataError(oneLine(error instanceof DataError ? error.message : failure(format.name, error)));
  }
}

/** The message for bytes of no supported format. */
function unknownFormat(bytes: Uint8Array): string {
  if (bytes.length === 0) return "it is empty";
  const isTiff = ["II*\0", "MM\0*"].includes(String.fromCharCode(...bytes.subarray(0, 4)));
  return isTiff
    ? "it is a TIFF image, which is not supported; PNG keeps the same pixels"
    : "it is not a PNG, JPEG, DICOM, NIfTI, WebP or BMP image";
}

/**
 * The message for an error of a library. Some libraries throw text instead of an Error, or a number from WebAssembly.
 */
function failure(format: string, error: unknown): string {
  const words = error instanceof Error ? error.message : typeof error === "string" ? error : "";
  return `it cannot be decoded as ${format}: ${words.split("\n")[0]!.trim() || "its content is damaged"}`;
}

/** Replaces control characters: a message may quote the file, which must not control the terminal. */
function oneLine(message: string): string {
  return message.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, "?");
}
