/** Reads how a DICOM file stores its pixels. */

import type { DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";

/** The format of a DICOM file's pixels (PS3.3, C.7.6.3). */
export interface PixelFormat {
  transferSyntax: string;
  columns: number;
  rows: number;
  frames: number;
  /** Samples per pixel. */
  samples: 1 | 3;
  photometric: string;
  /** Bits that a sample occupies. */
  bitsAllocated: 8 | 16;
  /** Bits of a sample that hold its value. */
  bitsStored: number;
  /** Index of the highest stored bit. */
  highBit: number;
  /** Whether samples are in two's complement. */
  signed: boolean;
  /** Whether each component has its own plane. */
  planar: boolean;
}

/** Supported photometric interpretations, by samples per pixel. JPEG 2000 decodes YBR_RCT and YBR_ICT to RGB. */
const interpretations: Record<number, string[]> = {
  1: ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"],
  3: ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"],
};

/**
 * Reads the format of the pixels.
 *
 * @throws {DataError} if a field is missing, or the format is not supported
 */
export function readFormat(dataSet: DataSet): PixelFormat {
  const number = (tag: string, name: string, otherwise?: number) => {
    const value = dataSet.uint16(tag) ?? otherwise;
    if (value === undefined) throw new DataError(`it holds no image: ${name} is missing`);
    return value;
  };
  const bitsAllocated = number("x00280100", "Bits Allocated");
  const bitsStored = number("x00280101", "Bits Stored", bitsAllocated);
  const samples = number("x00280002", "Samples per Pixel", 1);
  const photometric = dataSet.string("x00280004") ?? "MONOCHROME2";
  if (bitsAllocated !== 8 && bitsAllocated !== 16) {
    throw new DataError(`its samples occupy ${bitsAllocated} bits, expected 8 or 16`);
  }
  if (bitsStored < 1 || bitsStored > bitsAllocated) {
    throw new DataError(
      `it is damaged: it states ${bitsStored} stored bits in samples of ${bitsAllocated} bits`,
    );
  }
  if (!interpretations[samples]?.includes(photometric)) {
    throw new DataError(`its pixels are ${photometric} with ${samples} samples, which is not supported`);
  }
  const highBit = number("x00280102", "High Bit", bitsStored - 1);
  return {
    transferSyntax: dataSet.string("x00020010") ?? "",
    columns: number("x00280011", "Columns"),
    rows: number("x00280010", "Rows"),
    frames: readFrames(dataSet),
    samples: samples as 1 | 3,
    photometric,
    bitsAllocated,
    bitsStored,
    highBit: highBit >= bitsStored - 1 && highBit < bitsAllocated ? highBit : bitsStored - 1,
    signed: number("x00280103", "Pixel Representation", 0) === 1,
    planar: samples === 3 && number("x00280006", "Planar Configuration", 0) === 1,
  };
}

function readFrames(dataSet: DataSet): number {
  const text = dataSet.string("x00280008");
  const frames = text === undefined || text === "" ? 1 : Number(text);
  if (!Number.isInteger(frames)) throw new DataError(`it is damaged: its number of frames is "${text}"`);
  return frames;
}
