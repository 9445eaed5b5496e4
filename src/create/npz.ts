/** Reads the arrays of NumPy's `.npz` files row by row. */

import { crc32 } from "node:zlib";
import { Inflate } from "fflate";
import { DataError } from "../errors.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { printable } from "../io/printable.ts";
import { ZipArchive } from "../io/zip_archive.ts";

/** Types of integers by NumPy's names; big-endian ones are swapped when they are read. */
const types = {
  u1: Uint8Array,
  b1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** Some numbers of an array. */
export type Numbers = InstanceType<(typeof types)[keyof typeof types]>;

/** Compressed bytes that are unpacked at a time. */
const bytesAtOnce = 2 ** 18;
/** The header of an array is much shorter. */
const longestHeader = 2 ** 16;
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** An array in a `.npz` file (NumPy's documentation, "numpy.lib.format", versions 1 to 3). */
export class NpzArray {
  readonly shape: readonly number[];
  /** NumPy's name of the type without its byte order, for instance `u1`. */
  readonly type: keyof typeof types;
  private readonly isBigEndian: boolean;
  private readonly headerBytes: number;

  /** @throws {DataError} if there is no such array, or its type or layout is not supported */
  constructor(private readonly archive: ZipArchive, private readonly name: string) {
    const { text, bytes } = this.header();
    const descr = /'descr':\s*'([<>|=])([a-z]\d+)'/.exec(text);
    const shape = /'shape':\s*\(([\d,\sL]*)\)/.exec(text)?.[1]?.match(/\d+/g)?.map(Number);
    const isFortran = /'fortran_order':\s*True/.test(text);
    if (!descr || !shape || isFortran || !(descr[2]! in types)) {
      throw new DataError(
        `${name}: has the header ${printable(text.trim(), 200)}, expected numbers in the order of C`,
      );
    }
    this.type = descr[2] as keyof typeof types;
    this.isBigEndian = descr[1] === ">";
    this.shape = shape;
    this.headerBytes = bytes;
  }

  /**
   * Yields the rows in their order, some at a time.
   *
   * @throws {DataError} if the array is cut short or damaged
   */
  *rows(): Generator<Numbers> {
    const Type = types[this.type];
    const rowBytes = this.shape.slice(1).reduce((product, size) => product * size, Type.BYTES_PER_ELEMENT);
    let rest = new Uint8Array(0);
    let skipped = this.headerBytes;
    let missing = this.shape[0]! * rowBytes;
    for (const chunk of this.content()) {
      const start = Math.min(skipped, chunk.length);
      skipped -= start;
      const joined = new Uint8Array(rest.length + chunk.length - start);
      joined.set(rest);
      joined.set(chunk.subarray(start), rest.length);
      const whole = Math.min(missing, joined.length - joined.length % rowBytes);
      if (whole > 0) yield this.numbers(joined.slice(0, whole));
      missing -= whole;
      rest = joined.slice(whole);
    }
    if (missing > 0) throw new DataError(`${this.name}: is cut short by ${missing} bytes`);
  }

  private numbers(bytes: Uint8Array<ArrayBuffer>): Numbers {
    const Type = types[this.type];
    const size = Type.BYTES_PER_ELEMENT;
    if (this.isBigEndian) {
      for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
    }
    return new Type(bytes.buffer, 0, bytes.length / size);
  }

  /**
   * The member's unpacked bytes in chunks.
   *
   * @throws {DataError} if they cannot be unpacked or, after the last chunk, if their checksum is wrong
   */
  private *content(): Generator<Uint8Array> {
    const { packed, isDeflated, checksum } = this.archive.packed(this.name);
    let found = 0;
    const chunks: Uint8Array[] = [];
    const inflate = new Inflate((chunk) => chunks.push(chunk));
    for (let at = 0; at < packed.size; at += bytesAtOnce) {
      const bytes = packed.read(at, Math.min(bytesAtOnce, packed.size - at));
      if (isDeflated) this.push(inflate, bytes, at + bytes.length === packed.size);
      else chunks.push(bytes);
      for (const chunk of chunks.splice(0)) {
        found = crc32(chunk, found);
        yield chunk;
      }
    }
    if (found !== checksum) throw new DataError(`${this.name}: its checksum is wrong, the file is damaged`);
  }

  private push(inflate: Inflate, bytes: Uint8Array, isLast: boolean): void {
    try {
      inflate.push(bytes, isLast);
    } catch {
      throw new DataError(`${this.name}: cannot be unpacked, the file may be damaged`);
    }
  }

  private header(): { text: string; bytes: number } {
    const head = new Uint8Array(longestHeader);
    let length = 0;
    for (const chunk of this.content()) {
      head.set(chunk.subarray(0, longestHeader - length), length);
      length = Math.min(longestHeader, length + chunk.length);
      if (length === longestHeader) break;
    }
    const view = new DataView(head.buffer);
    const isLong = head[6]! > 1;
    const textBytes = isLong ? view.getUint32(8, true) : view.getUint16(8, true);
    const bytes = (isLong ? 12 : 10) + textBytes;
    if (!magic.every((byte, index) => head[index] === byte) || bytes > length) {
      throw new DataError(`${this.name}: is not an array of NumPy`);
    }
    return { text: new TextDecoder("latin1").decode(head.subarray(bytes - textBytes, bytes)), bytes };
  }
}

/** The arrays of a `.npz` file by their names, without `.npy`. */
export function arraysIn(source: ByteSource): Map<string, () => NpzArray> {
  const archive = new ZipArchive(source);
  return new Map(
    archive.names.filter((name) => name.endsWith(".npy"))
      .map((name) => [name.slice(0, -4), () => new NpzArray(archive, name)]),
  );
}
