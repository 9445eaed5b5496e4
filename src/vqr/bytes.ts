/** Reads and writes the numbers of the format: little endian, and lengths of 7 bits a byte. */

import { DataError } from "../errors.ts";

/** Collects bytes. */
export class ByteWriter {
  private parts: Uint8Array[] = [];
  private small: number[] = [];

  u8(value: number): void {
    this.small.push(value & 255);
  }

  u16(value: number): void {
    this.small.push(value & 255, value >>> 8 & 255);
  }

  u32(value: number): void {
    this.small.push(value & 255, value >>> 8 & 255, value >>> 16 & 255, value >>> 24);
  }

  /** A number below 2³², 7 bits a byte, low bits first; all bytes but the last have bit 7 set. */
  varint(value: number): void {
    while (value >= 128) {
      this.small.push(value % 128 + 128);
      value = Math.floor(value / 128);
    }
    this.small.push(value);
  }

  bytes(bytes: Uint8Array): void {
    this.flush();
    this.parts.push(bytes);
  }

  finish(): Uint8Array<ArrayBuffer> {
    this.flush();
    const result = new Uint8Array(this.parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.parts) {
      result.set(part, at);
      at += part.length;
    }
    return result;
  }

  private flush(): void {
    if (this.small.length > 0) this.parts.push(Uint8Array.from(this.small));
    this.small = [];
  }
}

/** Reads bytes in order and never beyond their end. */
export class ByteReader {
  at = 0;

  constructor(private readonly source: Uint8Array, private readonly what: string) {}

  get left(): number {
    return this.source.length - this.at;
  }

  /** @throws {DataError} if fewer bytes are left */
  bytes(count: number): Uint8Array {
    if (count > this.left) throw new DataError(`the .vqr file is damaged: its ${this.what} ends too early`);
    this.at += count;
    return this.source.subarray(this.at - count, this.at);
  }

  /** @throws {DataError} if no byte is left */
  u8(): number {
    return this.bytes(1)[0]!;
  }

  /** @throws {DataError} if fewer than two bytes are left */
  u16(): number {
    const [a, b] = this.bytes(2);
    return a! + b! * 256;
  }

  /** @throws {DataError} if fewer than four bytes are left */
  u32(): number {
    const [a, b, c, d] = this.bytes(4);
    return a! + b! * 256 + c! * 65536 + d! * 16777216;
  }

  /** @throws {DataError} if the number is 2³² or more, or is longer than it need be */
  varint(): number {
    let value = 0;
    for (let factor = 1, count = 1; count <= 5; count++, factor *= 128) {
      const byte = this.u8();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if ((byte === 0 && count > 1) || value >= 4294967296) break;
        return value;
      }
    }
    throw new DataError(`the .vqr file is damaged: its ${this.what} holds an invalid number`);
  }
}
