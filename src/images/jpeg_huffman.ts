/** Reads Huffman codes from the entropy-coded data of JPEG images. */

import { DataError } from "../errors.ts";
import { MARKERS } from "./jpeg_segments.ts";

/** A Huffman table as a lookup of the next 16 bits (ITU-T T.81, annex C). */
export class HuffmanTable {
  /** For each pattern of 16 bits: the code's length × 256 + its symbol; 0 if no code starts so. */
  readonly lookup = new Uint16Array(65536);

  /**
   * @param counts number of codes of each length from 1 to 16
   * @param symbols the symbols in the order of their codes
   * @throws {DataError} if there are more codes than their lengths allow
   */
  constructor(counts: Uint8Array, symbols: Uint8Array) {
    let [code, next] = [0, 0];
    for (let length = 1; length <= 16; length++) {
      for (let i = 0; i < counts[length - 1]!; i++, code++) {
        const from = code << 16 - length;
        const to = code + 1 << 16 - length;
        if (to > 65536) throw new DataError("it is damaged: a Huffman table is not valid");
        this.lookup.fill(length << 8 | symbols[next++]!, from, to);
      }
      code <<= 1;
    }
  }
}

/** Reads bits, without the zero bytes that are stuffed after 0xff, up to the next marker. */
export class BitReader {
  private bits = 0;
  private count = 0;
  /** Zero bits that were supplied after the end of the data. */
  private supplied = 0;

  constructor(private readonly bytes: Uint8Array, private at: number) {}

  /** The next symbol of a table. */
  symbol({ lookup }: HuffmanTable): number {
    if (this.count < 16) this.load();
    const entry = lookup[this.bits >>> this.count - 16 & 0xffff]!;
    if (entry === 0) throw new DataError("it is damaged: a Huffman code is not valid");
    this.count -= entry >> 8;
    return entry & 0xff;
  }

  /** The next `count` bits as an unsigned number; at most 16. */
  read(count: number): number {
    if (this.count < count) this.load();
    this.count -= count;
    return this.bits >>> this.count & (1 << count) - 1;
  }

  /** The next `count` bits as a difference: those with the highest bit 0 are negative (F.2.2.1). */
  difference(count: number): number {
    if (count === 0) return 0;
    const value = this.read(count);
    return value < 1 << count - 1 ? value - (1 << count) + 1 : value;
  }

  /** Whether more bits were read than there are. */
  get isExhausted(): boolean {
    return this.supplied > this.count;
  }

  /**
   * Goes on after the next restart marker.
   *
   * @throws {DataError} if there is none, or bits before it are missing
   */
  restart(): void {
    if (this.isExhausted) throw new DataError("it is cut short");
    [this.bits, this.count, this.supplied] = [0, 0, 0];
    const { bytes } = this;
    for (let at = bytes.indexOf(0xff, this.at); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
      const code = bytes[at + 1];
      if (code === 0 || code === 0xff) continue;
      if (code === undefined || (code & 0xf8) !== MARKERS.RESTART) break;
      this.at = at + 2;
      return;
    }
    throw new DataError("it is damaged: a restart marker is missing");
  }

  private load(): void {
    const { bytes } = this;
    while (this.count <= 24) {
      let byte = bytes[this.at] ?? 0;
      if (this.at >= bytes.length) this.supplied += 8;
      else if (byte !== 0xff) this.at++;
      else {
        // Markers may be padded with more bytes of 0xff.
        while (bytes[this.at + 1] === 0xff) this.at++;
        if (bytes[this.at + 1] === 0) this.at += 2;
        else {
          byte = 0;
          this.supplied += 8;
        }
      }
      this.bits = this.bits << 8 | byte;
      this.count += 8;
    }
  }
}

/** Reads the Huffman tables of a segment into the tables of both classes (B.2.4.2). */
export function readHuffmanTables(content: Uint8Array, dc: HuffmanTable[], ac: HuffmanTable[]): void {
  for (let at = 0; at < content.length;) {
    const counts = content.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (at + 17 + total > content.length) throw new DataError("it is damaged: a Huffman table is cut short");
    const table = new HuffmanTable(counts, content.subarray(at + 17, at + 17 + total));
    (content[at]! >> 4 === 0 ? dc : ac)[content[at]! & 15] = table;
    at += 17 + total;
  }
}
