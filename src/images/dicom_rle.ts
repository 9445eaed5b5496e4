/** Decodes DICOM's run-length encoding. */

import { DataError } from "../errors.ts";
import type { PixelFormat, StoredSamples } from "./dicom_format.ts";

/** Length of the header: the number of segments and the positions of up to fifteen. */
const HEADER_SIZE = 64;

/**
 * Decodes a frame in DICOM's run-length encoding (PS3.5, annex G): one segment for each byte of each sample of a pixel,
 * the most significant byte first.
 *
 * @throws {DataError} if segments are damaged or cut short
 */
export function decodeRle(bytes: Uint8Array, format: PixelFormat): StoredSamples {
  const { rows, columns, samples, bitsAllocated } = format;
  if (bitsAllocated === 1 || format.isFloat) {
    throw new DataError(
      `it has runs of ${bitsAllocated === 1 ? "1-bit" : "float"} samples, which is not supported`,
    );
  }
  const width = bitsAllocated / 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_SIZE) throw new DataError("it is cut short");
  const segments = view.getUint32(0, true);
  if (segments !== samples * width) {
    throw new DataError(`it is damaged: it has ${segments} segments of runs, expected ${samples * width}`);
  }
  const pixels = new ({ 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[width]!)(rows * columns * samples);
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : bytes.length;
    const shift = 8 * (width - 1 - segment % width);
    addSegment(bytes.subarray(start, end), pixels, Math.floor(segment / width), samples, shift);
  }
  return pixels;
}

/** Decodes a segment and sets one byte, at bit `shift`, of every `step`-th sample from `first`. */
function addSegment(
  bytes: Uint8Array,
  pixels: StoredSamples,
  first: number,
  step: number,
  shift: number,
): void {
  let to = first;
  for (let at = 0; to < pixels.length; at++) {
    const code = bytes[at] ?? 0;
    if (code === 128) continue;
    const isRun = code > 128;
    const count = isRun ? 257 - code : code + 1;
    if (at + (isRun ? 1 : count) >= bytes.length) throw new DataError("it is cut short");
    for (let i = 0; i < count && to < pixels.length; i++, to += step) {
      pixels[to]! |= bytes[at + 1 + (isRun ? 0 : i)]! << shift;
    }
    at += isRun ? 1 : count;
  }
}
