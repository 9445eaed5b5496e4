/** Decodes lossless JPEG images. */

import { DataError } from "../errors.ts";
import { makeSamples, type Samples } from "./image.ts";
import { BitReader, type HuffmanTable, readHuffmanTables } from "./jpeg_huffman.ts";
import {
  type JpegFrame,
  type JpegScan,
  jpegSegments,
  MARKERS,
  readFrameHeader,
  readScanHeader,
} from "./jpeg_segments.ts";

/** Marker of a lossless frame with Huffman codes (process 14). */
const LOSSLESS_FRAME = 0xc3;

/**
 * Decodes a lossless JPEG image with Huffman codes (ITU-T T.81, annex H) of 2 to 16 bits, with any predictor, point
 * transform, restart interval, and number of scans.
 *
 * @returns the samples [height, width, components]
 * @throws {DataError} if the image is damaged or cut short, or its components have different sizes
 */
export function decodeLosslessJpeg(bytes: Uint8Array): Samples {
  const tables: HuffmanTable[] = [];
  let interval = 0;
  let frame: JpegFrame | undefined;
  let samples: Samples | undefined;
  const decoded = new Set<number>();
  for (const { marker, content, end } of jpegSegments(bytes)) {
    if (marker === MARKERS.HUFFMAN) readHuffmanTables(content, tables, []);
    else if (marker === MARKERS.RESTART_INTERVAL) interval = content[0]! << 8 | content[1]!;
    else if (marker === LOSSLESS_FRAME) {
      frame = readFrameHeader(content);
      if (frame.components.some(({ horizontal, vertical }) => horizontal * vertical !== 1)) {
        if (frame.components.length > 1) {
          throw new DataError("its lossless JPEG components have different sizes, which is not supported");
        }
      }
      if (frame.precision < 2 || frame.precision > 16) {
        throw new DataError(`it is damaged: its lossless JPEG image states ${frame.precision} bits`);
      }
      samples = makeSamples(frame.width * frame.height * frame.components.length, 2 ** frame.precision - 1);
    } else if (marker === MARKERS.SCAN && frame && samples) {
      const scan = readScanHeader(content, frame);
      decodeScan(new BitReader(bytes, end), frame, scan, tables, interval, samples);
      for (const { index } of scan.components) decoded.add(index);
    }
  }
  if (!frame || !samples || decoded.size < frame.components.length) throw new DataError("it is cut short");
  return samples;
}

/** Predictors from the samples to the left, above, and above left, by selection value (table H.1). */
const predictors: Record<number, (left: number, above: number, aboveLeft: number) => number> = {
  1: (left) => left,
  2: (_, above) => above,
  3: (_left, _above, aboveLeft) => aboveLeft,
  4: (left, above, aboveLeft) => left + above - aboveLeft,
  5: (left, above, aboveLeft) => left + (above - aboveLeft >> 1),
  6: (left, above, aboveLeft) => above + (left - aboveLeft >> 1),
  7: (left, above) => left + above >> 1,
};

function decodeScan(
  reader: BitReader,
  { width, height, precision, components: { length: channels } }: JpegFrame,
  { components, first, low }: JpegScan,
  tables: HuffmanTable[],
  interval: number,
  samples: Samples,
): void {
  const predict = predictors[first];
  const parts = components.map(({ index, dc }) => ({ index, table: tables[dc] }));
  if (!predict || low >= precision || parts.some(({ table }) => !table)) {
    throw new DataError("it is damaged: a lossless scan is not valid");
  }
  if (interval % width !== 0) {
    throw new DataError(
      `it is damaged: it restarts after ${interval} samples, which are no whole lines of ${width}`,
    );
  }
  // Without the lowest `low` bits, which are not stored.
  const lines = parts.map(() => [new Uint16Array(width), new Uint16Array(width)]);
  const start = 2 ** (precision - low - 1);
  for (let y = 0, restarted = true; y < height; y++) {
    if (interval > 0 && y > 0 && y % (interval / width) === 0) {
      reader.restart();
      restarted = true;
    }
    for (let x = 0; x < width; x++) {
      for (let part = 0; part < parts.length; part++) {
        const { index, table } = parts[part]!;
        const [line, above] = lines[part] as [Uint16Array, Uint16Array];
        const predicted = restarted
          ? x === 0 ? start : line[x - 1]!
          : x === 0
          ? above[0]!
          : predict(line[x - 1]!, above[x]!, above[x - 1]!);
        const bits = reader.symbol(table!);
        if (bits > 16) throw new DataError("it is damaged: a lossless sample is not valid");
        // The array keeps the sum modulo 2¹⁶, as the standard has it.
        line[x] = predicted + (bits === 16 ? 32768 : reader.difference(bits));
        samples[(y * width + x) * channels + index] = line[x]! << low;
      }
    }
    for (const pair of lines) pair.reverse();
    restarted = false;
  }
  if (reader.isExhausted) throw new DataError("it is cut short");
}
