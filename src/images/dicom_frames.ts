/** Finds the bytes of each frame of a DICOM file. */

import type { DataSet, Element } from "dicom-parser";
import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";
import type { PixelFormat } from "./dicom_format.ts";

/** First bytes of JPEG, lossless JPEG and JPEG-LS; of JPEG 2000 codestreams; of JP2 files. */
const signatures = [[0xff, 0xd8], [0xff, 0x4f], [0x00, 0x00, 0x00, 0x0c]];

/**
 * The bytes of each frame's pixels, compressed or not, in order.
 *
 * @throws {DataError} if bytes are missing
 */
export function frameBytes(dataSet: DataSet, pixelData: Element, format: PixelFormat): Uint8Array[] {
  return pixelData.encapsulatedPixelData
    ? compressedFrames(dataSet, pixelData, format.frames)
    : plainFrames(dataSet, pixelData, format);
}

function plainFrames(dataSet: DataSet, pixelData: Element, format: PixelFormat): Uint8Array[] {
  const { rows, columns, frames, samples, bitsAllocated, photometric } = format;
  // Two pixels share their colour differences: four samples for two pixels.
  const stored = photometric === "YBR_FULL_422" ? 2 : samples;
  const size = rows * columns * stored * bitsAllocated / 8;
  const { dataOffset, length } = pixelData;
  const bytes = dataSet.byteArray.subarray(dataOffset, dataOffset + length);
  if (bytes.length < size * frames) {
    throw new DataError(`it is cut short: it holds ${bytes.length} of ${size * frames} bytes of pixels`);
  }
  return Array.from({ length: frames }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

/** A frame may consist of several fragments. An offset table, or their first bytes, tells where frames start. */
function compressedFrames(dataSet: DataSet, pixelData: Element, frames: number): Uint8Array[] {
  const fragments = (pixelData.fragments ?? []).map(({ position, length, offset }) => {
    const bytes = dataSet.byteArray.subarray(position, position + length);
    if (bytes.length < length) throw new DataError("it is cut short");
    return { bytes, offset };
  });
  const table = pixelData.basicOffsetTable ?? [];
  const starts = frames === 1
    ? [0]
    : fragments.length === frames
    ? fragments.map((_, index) => index)
    : table.length === frames
    ? table.map((offset) => fragments.findIndex((fragment) => fragment.offset === offset))
    : fragments.flatMap(({ bytes }, index) => startsImage(bytes) ? [index] : []);
  const isOrdered = starts.every((start, index) => index === 0 ? start === 0 : start > starts[index - 1]!);
  if (fragments.length === 0 || starts.length !== frames || !isOrdered) {
    throw new DataError(`it is damaged: ${fragments.length} fragments do not make up ${frames} frames`);
  }
  return starts.map((start, index) => {
    const parts = fragments.slice(start, starts[index + 1]).map((fragment) => fragment.bytes);
    return parts.length === 1 ? parts[0]! : concatenate(parts);
  });
}

function startsImage(bytes: Uint8Array): boolean {
  return signatures.some((signature) => signature.every((byte, index) => bytes[index] === byte));
}
