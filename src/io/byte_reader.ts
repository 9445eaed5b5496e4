import { DataError } from "../errors.ts";
import type { ByteSource } from "./file_source.ts";

const windowSize = 65536;

/** Reads a source from front to back, through a window, so that small reads cost no system call each. */
export class ByteReader {
  #window = new Uint8Array(0);
  #view = new DataView(this.#window.buffer);
  #windowStart = 0;
  #position = 0;

  constructor(readonly source: ByteSource) {}

  get position(): number {
    return this.#position;
  }

  uint8(): number {
    const offset = this.#advance(1);
    return this.#view.getUint8(offset);
  }

  uint16(): number {
    const offset = this.#advance(2);
    return this.#view.getUint16(offset, true);
  }

  int32(): number {
    const offset = this.#advance(4);
    return this.#view.getInt32(offset, true);
  }

  uint32(): number {
    const offset = this.#advance(4);
    return this.#view.getUint32(offset, true);
  }

  /** An unsigned 64-bit count, a size or an offset. @throws DataError past 2⁵³. */
  uint64(): number {
    const offset = this.#advance(8);
    const value = Number(this.#view.getBigUint64(offset, true));
    if (!Number.isSafeInteger(value)) {
      throw new DataError(`the file is damaged: it counts ${value} bytes or elements`);
    }
    return value;
  }

  /** A big-endian float64, as a pickle writes it. */
  float64BigEndian(): number {
    const offset = this.#advance(8);
    return this.#view.getFloat64(offset, false);
  }

  /** The next `length` bytes, in a buffer of their own. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    if (length <= windowSize) {
      const offset = this.#advance(length);
      return this.#window.slice(offset, offset + length);
    }
    const bytes = this.source.read(this.#position, length);
    this.#position += length;
    return bytes;
  }

  /** Text up to the next line feed, which is taken too. @throws DataError past 4096 characters. */
  line(): string {
    let text = "";
    for (let byte = this.uint8(); byte !== 10; byte = this.uint8()) {
      text += String.fromCharCode(byte);
      if (text.length > 4096) throw new DataError("the file is damaged: a line in it has no end");
    }
    return text;
  }

  skip(length: number): void {
    this.#position += length;
  }

  /** Moves past `length` bytes; the window then holds them, from the offset that is returned. */
  #advance(length: number): number {
    let offset = this.#position - this.#windowStart;
    if (offset + length > this.#window.length) {
      const available = Math.max(length, Math.min(windowSize, this.source.size - this.#position));
      this.#window = this.source.read(this.#position, available);
      this.#view = new DataView(this.#window.buffer);
      this.#windowStart = this.#position;
      offset = 0;
    }
    this.#position += length;
    return offset;
  }
}
