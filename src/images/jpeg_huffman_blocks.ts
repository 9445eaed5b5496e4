/** Decodes blocks of JPEG images with Huffman codes. */

import { DataError } from "../errors.ts";
import { type BlockDecoder, zigzag } from "./jpeg_coefficients.ts";
import type { BitReader, HuffmanTable } from "./jpeg_huffman.ts";
import type { JpegScan } from "./jpeg_segments.ts";

/** Decodes the blocks of a sequential scan, or of any kind of progressive scan (ITU-T T.81, F.2.2 and G.2). */
export class HuffmanBlocks implements BlockDecoder {
  private readonly predictions: Int32Array;
  /** Blocks that follow without any coefficient in the scan's band. */
  private emptyBlocks = 0;
  private readonly decodeBlock: (coefficients: Int16Array, at: number, part: number) => void;

  constructor(
    private readonly reader: BitReader,
    private readonly scan: JpegScan,
    private readonly dc: (HuffmanTable | undefined)[],
    private readonly ac: (HuffmanTable | undefined)[],
    isProgressive: boolean,
  ) {
    this.predictions = new Int32Array(scan.components.length);
    this.decodeBlock = !isProgressive
      ? this.sequential
      : scan.first === 0
      ? scan.high === 0 ? this.firstDc : this.refineDc
      : scan.high === 0
      ? this.firstAc
      : this.refineAc;
  }

  get isExhausted(): boolean {
    return this.reader.isExhausted;
  }

  decode(coefficients: Int16Array, at: number, part: number): void {
    this.decodeBlock(coefficients, at, part);
  }

  restart(): void {
    this.reader.restart();
    this.predictions.fill(0);
    this.emptyBlocks = 0;
  }

  private sequential(coefficients: Int16Array, at: number, part: number): void {
    coefficients[at] = this.nextDc(part);
    const table = this.table(this.ac, this.scan.components[part]!.ac);
    for (let k = 1; k < 64; k++) {
      const symbol = this.reader.symbol(table);
      const [run, bits] = [symbol >> 4, symbol & 15];
      if (bits === 0 && run < 15) return;
      k += run;
      if (bits > 0) coefficients[at + zigzag[k & 63]!] = this.reader.difference(bits);
    }
  }

  private firstDc(coefficients: Int16Array, at: number, part: number): void {
    coefficients[at] = this.nextDc(part) << this.scan.low;
  }

  private refineDc(coefficients: Int16Array, at: number): void {
    if (this.reader.read(1)) coefficients[at]! |= 1 << this.scan.low;
  }

  private firstAc(coefficients: Int16Array, at: number): void {
    if (this.emptyBlocks > 0) {
      this.emptyBlocks--;
      return;
    }
    const { components: [{ ac }], first, last, low } = this.scan as JpegScan & {
      components: [{ ac: number }];
    };
    const table = this.table(this.ac, ac);
    for (let k = first; k <= last; k++) {
      const symbol = this.reader.symbol(table);
      const [run, bits] = [symbol >> 4, symbol & 15];
      if (bits === 0 && run < 15) {
        this.emptyBlocks = (1 << run) - 1 + this.reader.read(run);
        return;
      }
      k += run;
      if (bits > 0) coefficients[at + zigzag[k & 63]!] = this.reader.difference(bits) << low;
    }
  }

  private refineAc(coefficients: Int16Array, at: number): void {
    const { components: [{ ac }], first, last, low } = this.scan as JpegScan & {
      components: [{ ac: number }];
    };
    const table = this.table(this.ac, ac);
    const step = 1 << low;
    /** Reads a bit more of a coefficient that is not zero. */
    const refine = (index: number) => {
      const value = coefficients[index]!;
      if (this.reader.read(1) && (value & step) === 0) {
        coefficients[index] = value + (value > 0 ? step : -step);
      }
    };
    let k = first;
    if (this.emptyBlocks === 0) {
      for (; k <= last; k++) {
        const symbol = this.reader.symbol(table);
        let run = symbol >> 4;
        const isNew = (symbol & 15) !== 0;
        if (!isNew && run < 15) {
          this.emptyBlocks = (1 << run) + this.reader.read(run);
          break;
        }
        const value = isNew ? this.reader.read(1) ? step : -step : 0;
        for (; k <= last; k++) {
          const index = at + zigzag[k]!;
          if (coefficients[index] !== 0) refine(index);
          else if (run-- === 0) {
            if (isNew) coefficients[index] = value;
            break;
          }
        }
      }
    }
    if (this.emptyBlocks === 0) return;
    for (; k <= last; k++) {
      if (coefficients[at + zigzag[k]!] !== 0) refine(at + zigzag[k]!);
    }
    this.emptyBlocks--;
  }

  private nextDc(part: number): number {
    const bits = this.reader.symbol(this.table(this.dc, this.scan.components[part]!.dc));
    if (bits > 16) throw new DataError("it is damaged: a coefficient is not valid");
    return this.predictions[part]! += this.reader.difference(bits);
  }

  private table(tables: (HuffmanTable | undefined)[], index: number): HuffmanTable {
    const table = tables[index];
    if (!table) throw new DataError("it is damaged: a Huffman table is missing");
    return table;
  }
}
