/** How a DICOM file's stored bit patterns are read as numbers. */

import type { PixelFormat, StoredFrame, StoredSamples } from "./dicom_format.ts";
import type { Warn } from "./dicom_values.ts";

/** Where a sample's bits are, and whether they are in two's complement. */
export interface Reading {
  /** Bits of a sample that hold its value. */
  bits: number;
  /** Position of the lowest of them. */
  shift: number;
  signed: boolean;
  isFloat: boolean;
}

/**
 * How the samples are read. A compressed image's own precision and sign count where they differ from the data set's
 * (PS3.5, 8.2). One exception is usual: an unsigned image that the data set calls signed holds two's complement.
 * Another: if the data set states fewer bits than the image, and all samples fit into them, it is right.
 */
export function readingOf(format: PixelFormat, frames: StoredFrame[], warn: Warn): Reading {
  const { bitsStored, highBit, isFloat } = format;
  const precision = Math.max(...frames.map((frame) => frame.precision ?? 0));
  const isSigned = frames.some((frame) => frame.isSigned);
  const signed = format.signed || isSigned;
  if (precision === 0) return { bits: bitsStored, shift: highBit + 1 - bitsStored, signed, isFloat };
  if (isSigned && !format.signed) {
    warn("its compressed image is signed, while the data set states that it is not; the image counts");
  }
  if (precision === bitsStored) return { bits: precision, shift: 0, signed, isFloat };
  if (precision > bitsStored && frames.every(({ samples }) => fits(samples, bitsStored, precision, signed))) {
    return { bits: bitsStored, shift: 0, signed, isFloat };
  }
  warn(
    `its compressed image has samples of ${precision} bits, while the data set states ${bitsStored}; the image counts`,
  );
  return { bits: precision, shift: 0, signed, isFloat };
}

/** Whether samples of `precision` bits have no more than `bits`, apart from copies of the sign bit. */
function fits(samples: StoredSamples, bits: number, precision: number, signed: boolean): boolean {
  const mask = 2 ** precision - 1;
  const limit = 2 ** bits;
  const negative = signed ? mask + 1 - limit / 2 : Infinity;
  for (let i = 0; i < samples.length; i++) {
    const pattern = samples[i]! & mask;
    if (pattern >= limit && pattern < negative) return false;
  }
  return true;
}

/** The pattern of a stored sample's own bits, as an unsigned number. */
export function patternOf(stored: number, { bits, shift, isFloat }: Reading): number {
  return isFloat ? stored : Math.floor(stored / 2 ** shift) % 2 ** bits;
}

/** The number that a pattern of bits stands for. */
export function numberOf(pattern: number, { bits, signed, isFloat }: Reading): number {
  return !isFloat && signed && pattern >= 2 ** (bits - 1) ? pattern - 2 ** bits : pattern;
}
