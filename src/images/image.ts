import { DataError } from "../errors.ts";

/** A picture as it is to be shown. */
export interface DecodedImage {
  width: number;
  height: number;
  /** Gray, or red, green and blue. */
  channels: 1 | 3;
  /** Rows from the top, the channels of a pixel side by side; from 0 (black) to `largest`. */
  pixels: Samples;
  /** 255 where the file stores at most 8 bits a sample, 65535 otherwise. */
  largest: 255 | 65535;
  /** Which of the file's images this is, from 0, where a file holds several. */
  frame?: number;
}

/** Samples of an image, 8 or 16 bits each. */
export type Samples = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

export interface DecodeOptions {
  /** The most pixels that a file's images may have together; 2²⁸ if not given. */
  pixels?: number;
  /** The axis of a NIfTI volume that its slices are counted along: 0, 1 or (if not given) 2. */
  axis?: 0 | 1 | 2;
}

/** The most pixels that a file's images may have together, if the caller does not say. */
export const MOST_PIXELS = 2 ** 28;

/**
 * Refuses a size before memory is taken for it, since a few bytes of a file can claim any size.
 *
 * @throws DataError where a side is zero, or there are more pixels than `most`
 */
export function checkSize(width: number, height: number, frames: number, most: number): void {
  const times = frames === 1 ? "" : ` in ${frames} images`;
  if (!(width >= 1 && height >= 1 && frames >= 1)) {
    throw new DataError(`it has no pixels: its size is ${width}×${height}${times}`);
  }
  if (width * height * frames > most) {
    throw new DataError(`it claims ${width}×${height} pixels${times}; at most ${most} in all are read`);
  }
}

/** `count` samples, all zero, in the type that holds values up to `largest`. */
export function makeSamples(count: number, largest: number): Samples {
  return largest > 255 ? new Uint16Array(count) : new Uint8Array(count);
}
