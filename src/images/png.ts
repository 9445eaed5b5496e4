/** Decodes PNG files. */

import { constants, crc32, inflateSync } from "node:zlib";
import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";
import { checkSize, type DecodedImage, type DecodeOptions, makeSamples } from "./image.ts";
import { type Pass, passes, restoreRow, unpackRow } from "./png_rows.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** The colour types of PNG: samples per pixel and the allowed bits per sample. */
const kinds: Record<number, { samples: number; depths: number[] }> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
const PALETTE = 3;

interface Header {
  width: number;
  height: number;
  depth: number;
  kind: number;
  samples: number;
  interlaced: boolean;
}

/** Whether the bytes start like a PNG file. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes a PNG file of any kind (PNG specification, third edition): gray or palette with 1 to 8 bits, gray or colour
 * with 8 or 16 bits, interlaced or not. Transparency is ignored, like in Pillow's conversion to RGB.
 *
 * The libraries that were considered decompress without a limit, so that a file of a few kilobytes could fill the
 * memory.
 *
 * @throws {DataError} if the file is damaged, cut short, or claims more than `maxPixels` pixels
 */
export function decodePng(bytes: Uint8Array, maxPixels: number, { warn }: DecodeOptions = {}): DecodedImage {
  const { header, palette, data } = readChunks(bytes, maxPixels, warn ?? (() => {}));
  const { width, height, samples, depth, kind } = header;
  const layout = passes(width, height, header.interlaced);
  const rows = inflate(data, layout, samples * depth);
  const channels = samples >= 3 || kind === PALETTE ? 3 : 1;
  const largest = depth === 16 ? 65535 : 255;
  const image: DecodedImage = {
    width,
    height,
    channels,
    largest,
    pixels: makeSamples(width * height * channels, largest),
  };
  let offset = 0;
  for (const pass of layout) offset = placePass(image, pass, rows, offset, header, palette);
  return image;
}

/** Reads the chunks that decoding needs and verifies their checksums. The last chunk may be missing or cut short. */
function readChunks(bytes: Uint8Array, maxPixels: number, warn: (text: string) => void) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  const data: Uint8Array[] = [];
  for (let at = SIGNATURE.length;;) {
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + (at + 4 <= bytes.length ? view.getUint32(at) : 0);
    if (Math.max(at + 8, end) + 4 > bytes.length) {
      if (type === "IDAT") data.push(bytes.subarray(at + 8, end));
      if (!header || data.length === 0) throw new DataError("it is cut short");
      // Whether all rows are there shows when they are decompressed.
      warn("its end is missing; all rows are there");
      return { header, palette: paddedPalette(palette, header), data };
    }
    const isNeeded = ["IHDR", "PLTE", "IDAT", "IEND"].includes(type);
    if (isNeeded && crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      throw new DataError(`it is damaged: the checksum of its chunk ${type} is wrong`);
    }
    const content = bytes.subarray(at + 8, end);
    if (!header && type !== "IHDR") {
      throw new DataError("it is damaged: it does not start with the chunk IHDR");
    }
    if (type === "IHDR") header = readHeader(content, maxPixels);
    if (type === "PLTE") palette = content;
    if (type === "IDAT") data.push(content);
    if (type === "IEND") return { header: header!, palette: paddedPalette(palette, header!), data };
    at = end + 4;
  }
}

function readHeader(content: Uint8Array, maxPixels: number): Header {
  if (content.length !== 13) throw new DataError("its header is damaged");
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, kind, compression, filter, interlace] = content.subarray(8) as unknown as number[];
  checkSize(width, height, 1, maxPixels);
  if (!kinds[kind!]?.depths.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1) {
    throw new DataError(
      `its header is damaged: it states colour type ${kind} with ${depth} bits per sample, ` +
        `compression ${compression}, filter ${filter} and interlacing ${interlace}`,
    );
  }
  const { samples } = kinds[kind!]!;
  return { width, height, depth: depth!, kind: kind!, samples, interlaced: interlace === 1 };
}

/** The palette, padded with black so that each index of `depth` bits has a colour; undefined for images without one. */
function paddedPalette(palette: Uint8Array | undefined, header: Header): Uint8Array | undefined {
  if (header.kind !== PALETTE) return undefined;
  const paddedLength = 3 * 2 ** header.depth;
  if (!palette?.length || palette.length % 3 !== 0 || palette.length > paddedLength) {
    throw new DataError("its palette is missing or damaged");
  }
  const padded = new Uint8Array(paddedLength);
  padded.set(palette);
  return padded;
}

/** Decompresses the rows of all passes, and no more than that. */
function inflate(data: Uint8Array[], layout: readonly Pass[], bits: number): Uint8Array {
  const expected = layout.reduce(
    (sum, { width, height }) => sum + height * (1 + Math.ceil(width * bits / 8)),
    0,
  );
  let rows;
  try {
    rows = inflateSync(concatenate(data), { maxOutputLength: expected, finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    throw new DataError("it is damaged: its rows cannot be decompressed");
  }
  if (rows.length !== expected) throw new DataError("it is cut short");
  return rows;
}

/**
 * Writes the pixels of one pass into the image.
 *
 * @returns position of the next pass in `rows`
 */
function placePass(
  image: DecodedImage,
  pass: Pass,
  rows: Uint8Array,
  offset: number,
  header: Header,
  palette: Uint8Array | undefined,
): number {
  const { samples, depth } = header;
  const size = Math.ceil(pass.width * samples * depth / 8);
  const step = Math.max(1, samples * depth / 8);
  const line = makeSamples(pass.width * samples, image.largest);
  let previous: Uint8Array = new Uint8Array(size);
  for (let y = 0; y < pass.height; y++, offset += 1 + size) {
    const row = rows.subarray(offset + 1, offset + 1 + size);
    restoreRow(row, previous, rows[offset]!, step);
    unpackRow(row, depth, line, palette !== undefined);
    placeRow(image, line, pass, y, samples, palette);
    previous = row;
  }
  return offset;
}

function placeRow(
  image: DecodedImage,
  line: DecodedImage["pixels"],
  pass: Pass,
  y: number,
  samples: number,
  palette: Uint8Array | undefined,
): void {
  const { pixels, channels, width } = image;
  const first = ((pass.top + y * pass.down) * width + pass.left) * channels;
  if (samples === channels && pass.right === 1) {
    pixels.set(line, first);
    return;
  }
  for (let x = 0, to = first; x < pass.width; x++, to += pass.right * channels) {
    for (let channel = 0; channel < channels; channel++) {
      pixels[to + channel] = palette ? palette[3 * line[x]! + channel]! : line[x * samples + channel]!;
    }
  }
}
