import { DataError } from "../errors.ts";
import { decodeDicom, isDicom } from "./dicom.ts";
import { type DecodedImage, type DecodeOptions, MOST_PIXELS } from "./image.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodeNifti, isNifti } from "./nifti.ts";
import { decodePng, isPng } from "./png.ts";

export type { DecodedImage, DecodeOptions } from "./image.ts";
export { readDicomTags } from "./dicom.ts";

/** A kind of file: its name in messages, how it is known by its content, and its decoder. */
interface Format {
  name: string;
  matches(bytes: Uint8Array): boolean;
  decode(
    bytes: Uint8Array,
    most: number,
    options: DecodeOptions,
  ): DecodedImage | Promise<DecodedImage | DecodedImage[]>;
}

const formats: readonly Format[] = [
  { name: "PNG", matches: isPng, decode: decodePng },
  { name: "JPEG", matches: isJpeg, decode: decodeJpeg },
  { name: "DICOM", matches: isDicom, decode: decodeDicom },
  { name: "NIfTI", matches: isNifti, decode: (bytes, most, { axis }) => decodeNifti(bytes, most, axis ?? 2) },
];

/**
 * Decodes an image file's bytes: PNG, JPEG, DICOM (each frame an image) or NIfTI (each slice an image). The
 * format is known by the content, whatever the file is called.
 *
 * @throws DataError, one line without the file's name, for anything that is not a whole image of those kinds
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedImage[]> {
  const format = formats.find((format) => format.matches(bytes));
  if (!format) {
    throw new DataError(bytes.length === 0 ? "it is empty" : "it is not a PNG, JPEG, DICOM or NIfTI image");
  }
  try {
    const images = await format.decode(bytes, options.pixels ?? MOST_PIXELS, options);
    return Array.isArray(images) ? images : [images];
  } catch (error) {
    throw new DataError(oneLine(error instanceof DataError ? error.message : failure(format.name, error)));
  }
}

/** What a library throws, in words: some throw text instead of an Error, or a number out of WebAssembly. */
function failure(format: string, error: unknown): string {
  const words = error instanceof Error ? error.message : typeof error === "string" ? error : "";
  return `it cannot be decoded as ${format}: ${words.split("\n")[0]!.trim() || "its content is damaged"}`;
}

/** A message may quote the file, which could steer the terminal with what it says. */
function oneLine(message: string): string {
  return message.replace(/\p{C}|\p{Zl}|\p{Zp}/gu, "?");
}
