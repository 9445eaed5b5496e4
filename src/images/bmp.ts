/** Decodes BMP files. */

import { DataError } from "../errors.ts";
import { checkSize, type DecodedImage } from "./image.ts";

/** Length of the file header, and of the oldest information header. */
const FILE_HEADER = 14, CORE_HEADER = 12;
/** Kinds of compression. */
const RUNS_8 = 1, RUNS_4 = 2, MASKS = 3, ALPHA_MASKS = 6;

interface Header {
  width: number;
  height: number;
  isTopDown: boolean;
  bits: number;
  compression: number;
  /** Position of the pixels. */
  offset: number;
  /** Red, green and blue of each index; undefined for images without a palette. */
  palette?: Uint8Array;
  /** The bits of red, green and blue in a pixel of 16 or 32 bits. */
  masks: number[];
}

/** Whether the bytes start like a BMP file. */
export function isBmp(bytes: Uint8Array): boolean {
  if (bytes.length < FILE_HEADER + CORE_HEADER || bytes[0] !== 0x42 || bytes[1] !== 0x4d) return false;
  return [12, 40, 52, 56, 64, 108, 124].includes(
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(14, true),
  );
}

/**
 * Decodes a BMP file: with a palette of 1, 4 or 8 bits, plain or in runs, or with colours of 16, 24 or 32 bits. It is
 * gray if its palette is. Transparency is ignored.
 *
 * @throws {DataError} if the file is damaged, cut short, of another kind, or claims more than `maxPixels` pixels
 */
export function decodeBmp(bytes: Uint8Array, maxPixels: number): DecodedImage {
  const header = readHeader(bytes, maxPixels);
  const { width, height, bits, palette, compression } = header;
  const isRuns = compression === RUNS_8 || compression === RUNS_4;
  const indices = isRuns ? decodeRuns(bytes, header) : undefined;
  const isGray = palette !== undefined && palette.every((value, i) => value === palette[i - i % 3]);
  const channels = isGray ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  const stride = Math.ceil(width * bits / 32) * 4;
  if (!isRuns && header.offset + stride * height > bytes.length) throw new DataError("it is cut short");
  const colour = new Uint8Array(3);
  for (let y = 0, to = 0; y < height; y++) {
    const stored = header.isTopDown ? y : height - 1 - y;
    for (let x = 0; x < width; x++, to += channels) {
      if (palette) {
        const index = indices
          ? indices[stored * width + x]!
          : indexAt(bytes, header.offset + stored * stride, x, bits);
        colour.set(palette.subarray(3 * index, 3 * index + 3));
      } else readColour(bytes, header.offset + stored * stride + x * bits / 8, header, colour);
      for (let channel = 0; channel < channels; channel++) pixels[to + channel] = colour[channel]!;
    }
  }
  return { width, height, channels, largest: 255, pixels };
}

function readHeader(bytes: Uint8Array, maxPixels: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(14, true);
  if (bytes.length < FILE_HEADER + size) throw new DataError("it is cut short");
  const isCore = size === CORE_HEADER;
  const [width, signedHeight, bits] = isCore
    ? [view.getUint16(18, true), view.getUint16(20, true), view.getUint16(24, true)]
    : [view.getInt32(18, true), view.getInt32(22, true), view.getUint16(28, true)];
  const compression = isCore ? 0 : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  checkSize(width, height, 1, maxPixels);
  const isMasked = compression === MASKS || compression === ALPHA_MASKS;
  const isKnown = compression === 0
    ? [1, 4, 8, 16, 24, 32].includes(bits)
    : compression === RUNS_8
    ? bits === 8
    : compression === RUNS_4
    ? bits === 4
    : isMasked && (bits === 16 || bits === 32);
  if (!isKnown) {
    throw new DataError(
      `it is a BMP image with ${bits} bits and compression ${compression}, which is not supported`,
    );
  }
  const masksAt = FILE_HEADER + 40;
  if (isMasked && bytes.length < masksAt + 12) throw new DataError("it is cut short");
  const masks = isMasked
    ? [0, 4, 8].map((at) => view.getUint32(masksAt + at, true))
    : bits === 16
    ? [0x7c00, 0x3e0, 0x1f]
    : [0xff0000, 0xff00, 0xff];
  const stated = isCore ? 0 : view.getUint32(46, true);
  const count = bits > 8 ? 0 : stated > 0 && stated < 2 ** bits ? stated : 2 ** bits;
  const palette = bits > 8
    ? undefined
    : readPalette(bytes, FILE_HEADER + size, count, isCore ? 3 : 4, 2 ** bits);
  const offset = view.getUint32(10, true);
  return { width, height, isTopDown: signedHeight < 0, bits, compression, offset, palette, masks };
}

function readPalette(
  bytes: Uint8Array,
  start: number,
  count: number,
  step: number,
  length: number,
): Uint8Array {
  const palette = new Uint8Array(3 * length);
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) {
      palette[3 * i + channel] = bytes[start + step * i + 2 - channel] ?? 0;
    }
  }
  return palette;
}

function indexAt(bytes: Uint8Array, row: number, x: number, bits: number): number {
  const at = x * bits;
  return bytes[row + (at >> 3)]! >> 8 - bits - (at & 7) & (1 << bits) - 1;
}

function readColour(bytes: Uint8Array, at: number, { bits, masks }: Header, colour: Uint8Array): void {
  let pixel = 0;
  for (let i = bits / 8 - 1; i >= 0; i--) pixel = pixel * 256 + bytes[at + i]!;
  masks.forEach((mask, channel) => {
    const lowest = mask & -mask;
    const most = mask === 0 ? 1 : (mask >>> 0) / (lowest >>> 0);
    const value = mask === 0 ? 0 : ((pixel & mask) >>> 0) / (lowest >>> 0);
    colour[channel] = Math.floor(value * 255 / most);
  });
}

/** Decodes runs into indices [height, width], rows from the bottom. Pixels that are skipped have index 0. */
function decodeRuns(bytes: Uint8Array, { width, height, bits, offset }: Header): Uint8Array {
  const indices = new Uint8Array(width * height);
  let [x, y] = [0, 0];
  const put = (index: number) => {
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number) => bits === 8 ? byte : i % 2 === 0 ? byte >> 4 : byte & 15;
  for (let at = offset; at + 1 < bytes.length;) {
    const [count, value] = [bytes[at]!, bytes[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibble(value, i));
    } else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return indices;
    else if (value === 2) {
      x += bytes[at] ?? 0;
      y += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      for (let i = 0; i < value; i++) put(nibble(bytes[at + (bits === 8 ? i : i >> 1)] ?? 0, i));
      const size = bits === 8 ? value : value + 1 >> 1;
      at += size + size % 2;
    }
  }
  if (y < height - 1) throw new DataError("it is cut short");
  return indices;
}
