/** Reads how a DICOM file stores its pixels. */

import type { DataSet, Element } from "dicom-parser";
import { DataError } from "../errors.ts";
import type { Warn } from "./dicom_values.ts";
import type { Samples } from "./image.ts";

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
  bitsAllocated: 1 | 8 | 16 | 32 | 64;
  /** Whether samples are floating-point numbers. */
  isFloat: boolean;
  /** Bits of a sample that hold its value. */
  bitsStored: number;
  /** Index of the highest stored bit. */
  highBit: number;
  /** Whether samples are in two's complement. */
  signed: boolean;
  /** Whether each component has its own plane. */
  planar: boolean;
}

/** The stored samples of a frame, and what its compressed image itself says of them. */
export interface StoredFrame {
  /** [rows, columns, samples], rows from the top; bits above a sample's own are undefined. */
  samples: StoredSamples;
  /** Bits of a sample; undefined if the frame is not compressed or its compression does not state them. */
  precision?: number;
  /** Whether the compressed image states that its samples are in two's complement. */
  isSigned?: boolean;
}

/** Stored samples: bit patterns as unsigned integers, or floating-point numbers. */
export type StoredSamples =
  | Samples
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** Supported photometric interpretations, by samples per pixel. JPEG 2000 decodes YBR_RCT and YBR_ICT to RGB. */
const interpretations: Record<number, string[]> = {
  1: ["MONOCHROME2", "MONOCHROME1", "PALETTE COLOR"],
  3: ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"],
};

/** The tag of integer pixels. */
export const PIXEL_DATA = "x7fe00010";

/** The elements with integer, float and double pixels, in the order in which they are looked for. */
const pixelElements = [{ tag: PIXEL_DATA }, { tag: "x7fe00008", floatBits: 32 }, {
  tag: "x7fe00009",
  floatBits: 64,
}];

/** Finds the element with the pixels; undefined if the file has none. */
export function pixelElement(dataSet: DataSet): { element: Element; floatBits?: number } | undefined {
  for (const { tag, floatBits } of pixelElements) {
    const element = dataSet.elements[tag];
    if (element) return { element, floatBits };
  }
  return undefined;
}

/**
 * Reads the format of the pixels.
 *
 * @throws {DataError} if a field is missing, or the format is not supported
 */
export function readFormat(dataSet: DataSet, warn: Warn): PixelFormat {
  const number = (tag: string, name: string, otherwise?: number) => {
    const value = dataSet.uint16(tag) ?? otherwise;
    if (value === undefined) throw new DataError(`it holds no image: ${name} is missing`);
    return value;
  };
  const floatBits = pixelElement(dataSet)?.floatBits;
  const bitsAllocated = number("x00280100", "Bits Allocated", floatBits);
  const bitsStored = number("x00280101", "Bits Stored", bitsAllocated);
  const samples = number("x00280002", "Samples per Pixel", 1);
  if (![1, 8, 16, 32, floatBits].includes(bitsAllocated) || (bitsAllocated === 1 && samples !== 1)) {
    throw new DataError(
      `its samples occupy ${bitsAllocated} bits, expected 1 (gray), 8, 16 or 32, or floating-point numbers`,
    );
  }
  if (bitsStored < 1 || bitsStored > bitsAllocated) {
    throw new DataError(
      `it is damaged: it states ${bitsStored} stored bits in samples of ${bitsAllocated} bits`,
    );
  }
  const highBit = number("x00280102", "High Bit", bitsStored - 1);
  return {
    transferSyntax: dataSet.string("x00020010") ?? "",
    columns: number("x00280011", "Columns"),
    rows: number("x00280010", "Rows"),
    frames: readFrames(dataSet, warn),
    samples: samples as 1 | 3,
    photometric: readPhotometric(dataSet, samples),
    bitsAllocated: bitsAllocated as PixelFormat["bitsAllocated"],
    isFloat: floatBits !== undefined,
    bitsStored,
    highBit: highBit >= bitsStored - 1 && highBit < bitsAllocated ? highBit : bitsStored - 1,
    signed: number("x00280103", "Pixel Representation", 0) === 1,
    planar: samples === 3 && number("x00280006", "Planar Configuration", 0) === 1,
  };
}

/** The photometric interpretation. Some files write it in lower case, or with other spaces. */
function readPhotometric(dataSet: DataSet, samples: number): string {
  const known = interpretations[samples] ?? [];
  const plain = (name: string) => name.toUpperCase().replace(/[\s_]/g, "");
  const text = dataSet.string("x00280004") || known[0] || "";
  const photometric = known.find((name) => plain(name) === plain(text));
  if (photometric === undefined) {
    throw new DataError(`its pixels are ${text} with ${samples} samples, which is not supported`);
  }
  return photometric;
}

function readFrames(dataSet: DataSet, warn: Warn): number {
  const text = dataSet.string("x00280008");
  const frames = text === undefined || text === "" ? 1 : Number(text);
  if (!Number.isInteger(frames)) throw new DataError(`it is damaged: its number of frames is "${text}"`);
  if (frames === 0) warn("its number of frames is 0; it is read as 1");
  return frames || 1;
}
