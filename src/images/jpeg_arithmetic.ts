/** Decodes blocks of JPEG images with arithmetic coding. */

import { DataError } from "../errors.ts";
import { type BlockDecoder, zigzag } from "./jpeg_coefficients.ts";
import { MARKERS } from "./jpeg_segments.ts";
import type { JpegScan } from "./jpeg_segments.ts";

/**
 * States of the probability estimate (ITU-T T.81, table D.3): the probability of the less probable symbol, the next
 * state after it and after the other, and whether the symbols then change places. The last state keeps its probability.
 */
// deno-fmt-ignore
const states = [
  [0x5a1d,1,1,1],[0x2586,14,2,0],[0x1114,16,3,0],[0x080b,18,4,0],[0x03d8,20,5,0],[0x01da,23,6,0],[0x00e5,25,7,0],
  [0x006f,28,8,0],[0x0036,30,9,0],[0x001a,33,10,0],[0x000d,35,11,0],[0x0006,9,12,0],[0x0003,10,13,0],[0x0001,12,13,0],
  [0x5a7f,15,15,1],[0x3f25,36,16,0],[0x2cf2,38,17,0],[0x207c,39,18,0],[0x17b9,40,19,0],[0x1182,42,20,0],[0x0cef,43,21,0],
  [0x09a1,45,22,0],[0x072f,46,23,0],[0x055c,48,24,0],[0x0406,49,25,0],[0x0303,51,26,0],[0x0240,52,27,0],[0x01b1,54,28,0],
  [0x0144,56,29,0],[0x00f5,57,30,0],[0x00b7,59,31,0],[0x008a,60,32,0],[0x0068,62,33,0],[0x004e,63,34,0],[0x003b,32,35,0],
  [0x002c,33,9,0],[0x5ae1,37,37,1],[0x484c,64,38,0],[0x3a0d,65,39,0],[0x2ef1,67,40,0],[0x261f,68,41,0],[0x1f33,69,42,0],
  [0x19a8,70,43,0],[0x1518,72,44,0],[0x1177,73,45,0],[0x0e74,74,46,0],[0x0bfb,75,47,0],[0x09f8,77,48,0],[0x0861,78,49,0],
  [0x0706,79,50,0],[0x05cd,48,51,0],[0x04de,50,52,0],[0x040f,50,53,0],[0x0363,51,54,0],[0x02d4,52,55,0],[0x025c,53,56,0],
  [0x01f8,54,57,0],[0x01a4,55,58,0],[0x0160,56,59,0],[0x0125,57,60,0],[0x00f6,58,61,0],[0x00cb,59,62,0],[0x00ab,61,63,0],
  [0x008f,61,32,0],[0x5b12,65,65,1],[0x4d04,80,66,0],[0x412c,81,67,0],[0x37d8,82,68,0],[0x2fe8,83,69,0],[0x293c,84,70,0],
  [0x2379,86,71,0],[0x1edf,87,72,0],[0x1aa9,87,73,0],[0x174e,72,74,0],[0x1424,72,75,0],[0x119c,74,76,0],[0x0f6b,74,77,0],
  [0x0d51,75,78,0],[0x0bb6,77,79,0],[0x0a40,77,48,0],[0x5832,80,81,1],[0x4d1c,88,82,0],[0x438e,89,83,0],[0x3bdd,90,84,0],
  [0x34ee,91,85,0],[0x2eae,92,86,0],[0x299a,93,87,0],[0x2516,86,71,0],[0x5570,88,89,1],[0x4ca9,95,90,0],[0x44d9,96,91,0],
  [0x3e22,97,92,0],[0x3824,99,93,0],[0x32b4,99,94,0],[0x2e17,93,86,0],[0x56a8,95,96,1],[0x4f46,101,97,0],[0x47e5,102,98,0],
  [0x41cf,103,99,0],[0x3c3d,104,100,0],[0x375e,99,93,0],[0x5231,105,102,0],[0x4c0f,106,103,0],[0x4639,107,104,0],
  [0x415e,103,99,0],[0x5627,105,106,1],[0x50e7,108,107,0],[0x4b85,109,103,0],[0x5597,110,109,0],[0x504f,111,107,0],
  [0x5a10,110,111,1],[0x5522,112,109,0],[0x59eb,112,111,1],[0x5a1d,113,113,0],
] as [number, number, number, number][];
const FIXED_STATE = 113;

/** Statistics of a table: states, with the more probable symbol in the highest bit. */
type Bins = Uint8Array;

/** Limits of a table's contexts (B.2.4.3): of differences that count as small and large, and of low frequencies. */
export interface Conditioning {
  /** [L, U] for each table. */
  dc: [number, number][];
  /** K for each table. */
  ac: number[];
}

/** The conditioning of images that do not state it. */
export function defaultConditioning(): Conditioning {
  return { dc: Array.from({ length: 16 }, () => [0, 1]), ac: new Array(16).fill(5) };
}

/** Reads a segment with conditioning. */
export function readConditioning(content: Uint8Array, { dc, ac }: Conditioning): void {
  for (let at = 0; at + 1 < content.length; at += 2) {
    const [table, value] = [content[at]!, content[at + 1]!];
    if (table < 16) dc[table] = [value & 15, value >> 4];
    else ac[table & 15] = value;
  }
}

/** Decodes the blocks of a sequential scan, or of any kind of progressive scan (T.81, D.2, F.2.4 and G.2.4). */
export class ArithmeticBlocks implements BlockDecoder {
  private readonly dc: Bins[];
  private readonly ac: Bins[];
  private readonly fixed = Uint8Array.of(FIXED_STATE);
  private readonly predictions: Int32Array;
  private readonly contexts: Uint8Array;
  private code = 0;
  private interval = 0;
  private shift = -16;
  private supplied = 0;
  private readonly decodeBlock: (coefficients: Int16Array, at: number, part: number) => void;

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly scan: JpegScan,
    private readonly conditioning: Conditioning,
    isProgressive: boolean,
  ) {
    const { components, first, high } = scan;
    this.dc = sharedBins(components.map(({ dc }) => dc), 64);
    this.ac = sharedBins(components.map(({ ac }) => ac), 256);
    this.predictions = new Int32Array(components.length);
    this.contexts = new Uint8Array(components.length);
    this.decodeBlock = !isProgressive
      ? this.sequential
      : first === 0
      ? high === 0 ? this.firstDc : this.refineDc
      : high === 0
      ? this.firstAc
      : this.refineAc;
  }

  /** Decoders read some bytes past the end; an image that needs more is cut short. */
  get isExhausted(): boolean {
    return this.supplied > 64;
  }

  decode(coefficients: Int16Array, at: number, part: number): void {
    this.decodeBlock(coefficients, at, part);
  }

  restart(): void {
    const { bytes } = this;
    let at = bytes.indexOf(0xff, this.at);
    while (at >= 0 && (bytes[at + 1] === 0 || bytes[at + 1] === 0xff)) at = bytes.indexOf(0xff, at + 1);
    if (at < 0 || (bytes[at + 1]! & 0xf8) !== MARKERS.RESTART) {
      throw new DataError("it is damaged: a restart marker is missing");
    }
    this.at = at + 2;
    [this.code, this.interval, this.shift, this.supplied] = [0, 0, -16, 0];
    for (const bins of [...this.dc, ...this.ac]) bins.fill(0);
    this.predictions.fill(0);
    this.contexts.fill(0);
  }

  private sequential(coefficients: Int16Array, at: number, part: number): void {
    coefficients[at] = this.nextDc(part);
    this.band(coefficients, at, part, 1, 63, 0);
  }

  private firstDc(coefficients: Int16Array, at: number, part: number): void {
    coefficients[at] = this.nextDc(part) << this.scan.low;
  }

  private refineDc(coefficients: Int16Array, at: number): void {
    if (this.bit(this.fixed, 0)) coefficients[at]! |= 1 << this.scan.low;
  }

  private firstAc(coefficients: Int16Array, at: number): void {
    const { first, last, low } = this.scan;
    this.band(coefficients, at, 0, first, last, low);
  }

  private nextDc(part: number): number {
    const bins = this.dc[part]!;
    const start = this.contexts[part]!;
    if (!this.bit(bins, start)) {
      this.contexts[part] = 0;
      return this.predictions[part]!;
    }
    const sign = this.bit(bins, start + 1);
    let bin = start + 2 + sign;
    let magnitude = this.bit(bins, bin);
    if (magnitude) [magnitude, bin] = this.magnitude(bins, 20, 1);
    const [small, large] = this.conditioning.dc[this.scan.components[part]!.dc]!;
    this.contexts[part] = magnitude < 1 << small >> 1
      ? 0
      : magnitude > 1 << large >> 1
      ? 12 + 4 * sign
      : 4 + 4 * sign;
    return this.predictions[part]! += this.signed(bins, bin + 14, magnitude, sign);
  }

  private band(
    coefficients: Int16Array,
    at: number,
    part: number,
    first: number,
    last: number,
    low: number,
  ): void {
    const bins = this.ac[part]!;
    const limit = this.conditioning.ac[this.scan.components[part]!.ac]!;
    for (let k = first; k <= last; k++) {
      if (this.bit(bins, 3 * (k - 1))) return;
      while (!this.bit(bins, 3 * (k - 1) + 1)) {
        if (++k > last) throw new DataError("it is damaged: a coefficient is not valid");
      }
      const sign = this.bit(this.fixed, 0);
      let bin = 3 * (k - 1) + 2;
      let magnitude = this.bit(bins, bin);
      if (magnitude && this.bit(bins, bin)) {
        [magnitude, bin] = this.magnitude(bins, k <= limit ? 189 : 217, 2);
      }
      coefficients[at + zigzag[k]!] = this.signed(bins, bin + 14, magnitude, sign) << low;
    }
  }

  private refineAc(coefficients: Int16Array, at: number): void {
    const bins = this.ac[0]!;
    const { first, last, low } = this.scan;
    const step = 1 << low;
    let end = last;
    while (end > 0 && coefficients[at + zigzag[end]!] === 0) end--;
    for (let k = first; k <= last; k++) {
      if (k > end && this.bit(bins, 3 * (k - 1))) return;
      for (;; k++) {
        if (k > last) throw new DataError("it is damaged: a coefficient is not valid");
        const index = at + zigzag[k]!;
        const value = coefficients[index]!;
        if (value !== 0) {
          if (this.bit(bins, 3 * (k - 1) + 2)) coefficients[index] = value + (value < 0 ? -step : step);
          break;
        }
        if (this.bit(bins, 3 * (k - 1) + 1)) {
          coefficients[index] = this.bit(this.fixed, 0) ? -step : step;
          break;
        }
      }
    }
  }

  /** The highest bit of a magnitude, and the bin that it was found with. */
  private magnitude(bins: Bins, from: number, start: number): [number, number] {
    let [magnitude, bin] = [start, from];
    while (this.bit(bins, bin)) {
      magnitude <<= 1;
      if (magnitude === 0x8000) throw new DataError("it is damaged: a coefficient is not valid");
      bin++;
    }
    return [magnitude, bin];
  }

  /** The lower bits of a magnitude; the result with its sign. */
  private signed(bins: Bins, bin: number, magnitude: number, sign: number): number {
    let value = magnitude;
    for (let bit = magnitude >> 1; bit > 0; bit >>= 1) {
      if (this.bit(bins, bin)) value |= bit;
    }
    return sign ? -value - 1 : value + 1;
  }

  /** Decodes a binary decision by a bin's state (D.2). */
  private bit(bins: Bins, bin: number): number {
    while (this.interval < 0x8000) {
      if (--this.shift < 0) {
        this.code = this.code << 8 | this.nextByte();
        this.shift += 8;
        if (this.shift < 0 && ++this.shift === 0) this.interval = 0x8000;
      }
      this.interval <<= 1;
    }
    const state = bins[bin]!;
    const [lessProbable, afterLess, afterMore, isSwitched] = states[state & 0x7f]!;
    const likely = state & 0x80;
    let isLess = false;
    this.interval -= lessProbable;
    const limit = this.interval << this.shift;
    if (this.code >= limit) {
      this.code -= limit;
      isLess = this.interval >= lessProbable;
      this.interval = lessProbable;
    } else if (this.interval < 0x8000) {
      isLess = this.interval < lessProbable;
    } else return likely >> 7;
    bins[bin] = isLess ? (likely ^ isSwitched << 7) | afterLess : likely | afterMore;
    return (isLess ? likely ^ 0x80 : likely) >> 7;
  }

  private nextByte(): number {
    const { bytes } = this;
    const byte = bytes[this.at];
    if (byte === undefined) {
      this.supplied++;
      return 0;
    }
    if (byte !== 0xff) {
      this.at++;
      return byte;
    }
    while (bytes[this.at + 1] === 0xff) this.at++;
    if (bytes[this.at + 1] === 0) {
      this.at += 2;
      return 0xff;
    }
    this.supplied++;
    return 0;
  }
}

/** The statistics of each component: those with the same table share them. */
function sharedBins(tables: number[], size: number): Bins[] {
  const bins = new Map(tables.map((table) => [table, new Uint8Array(size)]));
  return tables.map((table) => bins.get(table)!);
}
