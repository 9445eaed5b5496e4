/** Sequential reading of numbers and bytes. */

import { DataError } from "../errors.ts";
import type { ByteSource } from "./byte_source.ts";

/** In bytes. */
const windowSize = 65536;

/**
 * Reads a source from front to back. Integers are little-endian. The reader buffers a window of the source, so that
 * small reads do not cost a system call each.
 *
 * Every method that reads throws a {@linkcode DataError} if the source ends too early.
 */
export class ByteReader {
  private window = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private windowStart = 0;
  private offset = 0;

  constructor(readonly source: ByteSource) {}

  /** The offset of the next byte. */
  get position(): number {
    return this.offset;
  }

  uint8(): number {
    const offset = this.advance(1);
    return this.view.getUint8(offset);
  }

  uint16(): number {
    const offset = this.advance(2);
    return this.view.getUint16(offset, true);
  }

  int32(): number {
    const offset = this.advance(4);
    return this.view.getInt32(offset, true);
  }

  uint32(): number {
    const offset = this.advance(4);
    return this.view.getUint32(offset, true);
  }

  /**
   * An unsigned 64-bit integer: a count, a size or an offset.
   *
   * @throws {DataError} if it is 2⁵³ or more
   */
  uint64(): number {
    const offset = this.advance(8);
    const value = Number(this.view.getBigUint64(offset, true));
    if (!Number.isSafeInteger(value)) {
      throw new DataError(`the file is damaged: it states a count of ${value}`);
    }
    return value;
  }

  /** A big-endian float64, the byte order of pickles. */
  float64BigEndian(): number {
    const offset = this.advance(8);
    return this.view.getFloat64(offset, false);
  }

  /** The next `length` bytes, in a new buffer. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    if (length <= windowSize) {
      const offset = this.advance(length);
      return this.window.slice(offset, offset + length);
    }
    const bytes = this.source.read(this.offset, length);
    this.offset += length;
    return bytes;
  }

  /**
   * Text up to the next line feed, which is consumed but not returned. Each byte becomes one character.
   *
   * @throws {DataError} if the line is longer than 4096 characters
   */
  line(): string {
    let text = "";
    for (let byte = this.uint8(); byte !== 10; byte = this.uint8()) {
      text += String.fromCharCode(byte);
      if (text.length > 4096) {
        throw new DataError("the file is damaged: it contains a line that does not end");
      }
    }
    return text;
  }

  skip(length: number): void {
    this.offset += length;
  }

  /** Moves past `length` bytes and loads them into the window. Returns where they start in the window. */
  private advance(length: number): number {
    let start = this.offset - this.windowStart;
    if (start + length > this.window.length) {
      const available = Math.max(length, Math.min(windowSize, this.source.size - this.offset));
      this.window = this.source.read(this.offset, available);
      this.view = new DataView(this.window.buffer);
      this.windowStart = this.offset;
      start = 0;
    }
    this.offset += length;
    return start;
  }
}
