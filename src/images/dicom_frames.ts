/** Finds the bytes of each frame of a DICOM file. */

import type { DataSet, Element } from "dicom-parser";
import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";
import type { PixelFormat } from "./dicom_format.ts";

const BIG_ENDIAN = "1.2.840.10008.1.2.2";

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
  const bits = rows * columns * stored * bitsAllocated;
  const { dataOffset, length } = pixelData;
  const bytes = dataSet.byteArray.subarray(dataOffset, dataOffset + length);
  const expected = Math.ceil(bits * frames / 8);
  if (bytes.length < expected) {
    throw new DataError(`it is cut short: it holds ${bytes.length} of ${expected} bytes of pixels`);
  }
  const ordered = format.transferSyntax === BIG_ENDIAN
    ? littleEndian(bytes, pixelData.vr ?? "OW", bitsAllocated)
    : bytes;
  const whole = bitsAllocated === 1 ? unpackBits(ordered, bits * frames) : ordered;
  const size = bitsAllocated === 1 ? bits : bits / 8;
  return Array.from({ length: frames }, (_, index) => whole.subarray(index * size, (index + 1) * size));
}

/**
 * Reorders pixels from big endian to little endian. Words of 16 bits (OW) hold two samples of 8 bits, the first in the
 * low byte, so that bytes change places across rows and frames too (PS3.5, 8.1.1 and A.3).
 */
function littleEndian(bytes: Uint8Array, type: string, bitsAllocated: number): Uint8Array {
  const size = type === "OW" ? Math.max(2, bitsAllocated / 8) : type === "OB" ? 1 : bitsAllocated / 8;
  const reordered = reverseGroups(bytes, size);
  // Samples of 32 bits in words of 16 are written in either order of the words: the high ones vary less.
  return type === "OW" && bitsAllocated === 32 && variation(reordered, 0) < variation(reordered, 2)
    ? reverseGroups(bytes, 2)
    : reordered;
}

/** Reverses each group of `size` bytes. An incomplete group at the end stays. */
function reverseGroups(bytes: Uint8Array, size: number): Uint8Array {
  const reversed = bytes.slice();
  const whole = bytes.length - bytes.length % size;
  for (let at = 0; at < whole; at += size) {
    for (let i = 0; i < size; i++) reversed[at + i] = bytes[at + size - 1 - i]!;
  }
  return reversed;
}

/** The sum of the differences of the 16-bit words at `from` of adjacent 32-bit samples in little endian. */
function variation(bytes: Uint8Array, from: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  for (let at = from; at + 6 <= bytes.length; at += 4) {
    sum += Math.abs(view.getUint16(at + 4, true) - view.getUint16(at, true));
  }
  return sum;
}

/** One byte for each of `count` bits. The first pixel is in the lowest bit; frames may start within a byte. */
function unpackBits(bytes: Uint8Array, count: number): Uint8Array {
  const samples = new Uint8Array(count);
  for (let i = 0; i < count; i++) samples[i] = bytes[i >> 3]! >> (i & 7) & 1;
  return samples;
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
