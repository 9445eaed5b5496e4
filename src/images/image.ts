/** Decoded images and limits of their size. */

import { DataError } from "../errors.ts";
import type { WindowChoice } from "./window.ts";

/** An image in memory. */
export interface RasterImage {
  width: number;
  height: number;
  /** 1 for gray, 3 for red, green and blue. */
  channels: 1 | 3;
  /** [height, width, channels], rows from the top; from 0 (black) to `largest` (white). */
  pixels: Samples;
  /** The value of white: 255 for 8 bits, at most 65535 for 16. */
  largest: number;
}

/** An image of a file, as a viewer shows it. */
export interface DecodedImage extends RasterImage {
  /** 255 if the file stores at most 8 bits per sample, otherwise 65535. */
  largest: 255 | 65535;
  /** Index of the image in its file, from 0, for formats that hold several. */
  frame?: number;
}

/** Samples of 8 or 16 bits. */
export type Samples = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** How to decode a file. */
export interface DecodeOptions {
  /** Optional limit of the pixels of all images of the file together; default: 2²⁸. */
  maxPixels?: number;
  /** Optional axis of a NIfTI volume along which its slices are counted; default: 2. */
  axis?: 0 | 1 | 2;
  /**
   * Whether a NIfTI volume is first turned by its header, so that its axes run to the patient's right, front and
   * head.
   */
  turned?: boolean;
  /** Whether slices of a NIfTI volume are left out in which all pixels are equal. */
  skipBlank?: boolean;
  /** Reads the other file of a pair: the .img of a .hdr file. Undefined if there is none. */
  readCompanion?(): Promise<Uint8Array | undefined>;
  /** Optional window of gray DICOM and NIfTI images; default: the file's own. */
  window?: WindowChoice;
  /** Is called with what is wrong with a file that can be decoded nevertheless, in one line without its name. */
  warn?(text: string): void;
}

/** Default limit of the pixels of all images of a file together. */
export const DEFAULT_MAX_PIXELS = 2 ** 28;

/**
 * Checks an image's size before memory is allocated for it, since a few bytes of a file can claim any size.
 *
 * @throws {DataError} if a side is zero, or all frames together have more than `maxPixels` pixels
 */
export function checkSize(width: number, height: number, frames: number, maxPixels: number): void {
  const count = frames === 1 ? "" : ` in ${frames} images`;
  if (!(width >= 1 && height >= 1 && frames >= 1)) {
    throw new DataError(`it has no pixels: its size is ${width}×${height}${count}`);
  }
  if (width * height * frames > maxPixels) {
    throw new DataError(
      `it claims ${width}×${height} pixels${count}; the limit for a file is ${maxPixels} pixels`,
    );
  }
}

/** `count` zeros, in the type for values up to `largest`. */
export function makeSamples(count: number, largest: number): Samples {
  return largest > 255 ? new Uint16Array(count) : new Uint8Array(count);
}
