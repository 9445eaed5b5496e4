/** Images as the format holds them. */

import { DataError } from "../errors.ts";

export type Pixels =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>;

/** An image of one or more frames. */
export interface VqrImage {
  width: number;
  height: number;
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  channels: number;
  /** Bits of a sample, 1 … 16. */
  bits: number;
  signed: boolean;
  frames: number;
  /** [frames, height, width, channels]: arrays of 8 bits for up to 8 bits, otherwise of 16. */
  pixels: Pixels;
}

/** The smallest and the largest sample that fit into the bits. */
export function sampleRange(bits: number, signed: boolean): [number, number] {
  return signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

/** Zeros of the type that the bits need. */
export function makePixels(count: number, bits: number, signed: boolean): Pixels {
  if (bits <= 8) return signed ? new Int8Array(count) : new Uint8Array(count);
  return signed ? new Int16Array(count) : new Uint16Array(count);
}

/** @throws {DataError} if the pixels do not have the size and the range that the other members state */
export function checkPixels({ width, height, channels, frames, bits, signed, pixels }: VqrImage): void {
  const expected = makePixels(0, bits, signed);
  const count = width * height * channels * frames;
  if (pixels.constructor !== expected.constructor || pixels.length !== count) {
    throw new DataError(
      `the image has ${pixels.length} samples in a ${pixels.constructor.name}; ` +
        `expected ${count} in a ${expected.constructor.name}`,
    );
  }
  const [least, most] = sampleRange(bits, signed);
  for (const value of pixels) {
    if (value < least || value > most) {
      throw new DataError(`the image has a sample ${value}; expected ${least} to ${most} for ${bits} bits`);
    }
  }
}

/** SHA-256 of the pixels' bytes, little endian. */
export async function pixelsHash(pixels: Pixels): Promise<Uint8Array> {
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
