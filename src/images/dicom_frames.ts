import type { DataSet, Element } from "dicom-parser";
import { DataError } from "../errors.ts";
import type { PixelFormat } from "./dicom_format.ts";

/** How pictures of the JPEG family begin: JPEG, lossless JPEG and JPEG-LS; JPEG 2000, bare and boxed. */
const beginnings = [[0xff, 0xd8], [0xff, 0x4f], [0x00, 0x00, 0x00, 0x0c]];

/** The bytes of each frame's pixels, compressed or not, in order. @throws DataError where some are missing */
export function frameBytes(dataSet: DataSet, pixelData: Element, format: PixelFormat): Uint8Array[] {
  return pixelData.encapsulatedPixelData
    ? compressedFrames(dataSet, pixelData, format.frames)
    : plainFrames(dataSet, pixelData, format);
}

function plainFrames(dataSet: DataSet, pixelData: Element, format: PixelFormat): Uint8Array[] {
  const { rows, columns, frames, samples, bitsAllocated, photometric } = format;
  // Of two pixels' colours, only the brightness is stored twice.
  const stored = photometric === "YBR_FULL_422" ? 2 : samples;
  const size = rows * columns * stored * bitsAllocated / 8;
  const { dataOffset, length } = pixelData;
  const bytes = dataSet.byteArray.subarray(dataOffset, dataOffset + length);
  if (bytes.length < size * frames) {
    throw new DataError(`it ends before its pixels do: ${bytes.length} of ${size * frames} bytes are there`);
  }
  return Array.from({ length: frames }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

/** A frame may be cut into fragments, which an offset table, or how they begin, says to belong together. */
function compressedFrames(dataSet: DataSet, pixelData: Element, frames: number): Uint8Array[] {
  const fragments = (pixelData.fragments ?? []).map(({ position, length, offset }) => {
    const bytes = dataSet.byteArray.subarray(position, position + length);
    if (bytes.length < length) throw new DataError("it ends before its pixels do");
    return { bytes, offset };
  });
  const table = pixelData.basicOffsetTable ?? [];
  const starts = frames === 1
    ? [0]
    : fragments.length === frames
    ? fragments.map((_, index) => index)
    : table.length === frames
    ? table.map((offset) => fragments.findIndex((fragment) => fragment.offset === offset))
    : fragments.flatMap(({ bytes }, index) => isBeginning(bytes) ? [index] : []);
  const isOrdered = starts.every((start, index) => index === 0 ? start === 0 : start > starts[index - 1]!);
  if (fragments.length === 0 || starts.length !== frames || !isOrdered) {
    throw new DataError(`it is damaged: ${fragments.length} fragments do not make up ${frames} frames`);
  }
  return starts.map((start, index) =>
    join(fragments.slice(start, starts[index + 1]).map((fragment) => fragment.bytes))
  );
}

function isBeginning(bytes: Uint8Array): boolean {
  return beginnings.some((beginning) => beginning.every((byte, index) => bytes[index] === byte));
}

function join(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
