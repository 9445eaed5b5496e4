/** Reads a dataset's rows by the HDF5 library. */

import { DataError } from "../errors.ts";
import type { Hdf5Handle } from "./hdf5_library.ts";
import { damagedRowError, type RowReader } from "./row_reader.ts";

/** Reads rows of any layout and compression that the library knows. */
export class LibraryRows implements RowReader {
  readonly isCompressed = true;
  readonly bytesPerRead = 32 * 2 ** 20;
  private buffer = { pointer: 0, bytes: 0 };

  constructor(
    private readonly file: Hdf5Handle,
    private readonly name: string,
    private readonly shape: readonly number[],
    private readonly rowBytes: number,
    readonly rowsPerChunk: number,
  ) {}

  read(start: number, count: number): Uint8Array<ArrayBuffer> {
    const bytes = count * this.rowBytes;
    const pointer = this.reserve(bytes);
    if (!this.readTo(start, count, pointer)) throw this.readError(start, count, pointer);
    // The library's memory may grow, and thereby move, while it reads.
    return new Uint8Array(this.file.library.HEAPU8.buffer as ArrayBuffer, pointer, bytes);
  }

  /** Frees the memory for reads. */
  close(): void {
    this.file.library._free(this.buffer.pointer);
    this.buffer = { pointer: 0, bytes: 0 };
  }

  /** Reads rows into the library's memory at `pointer`. Returns false if they cannot be read. */
  private readTo(start: number, count: number, pointer: number): boolean {
    const { library, id } = this.file;
    const counts = [count, ...this.shape.slice(1)].map(BigInt);
    const offsets = this.shape.map((_, axis) => axis === 0 ? BigInt(start) : 0n);
    const strides = this.shape.map(() => 1n);
    // The library converts numbers to little-endian. It passes the two bytes of a float16 on as they are.
    return library.get_dataset_data(id, `/${this.name}`, counts, offsets, strides, BigInt(pointer)) >= 0;
  }

  private reserve(bytes: number): number {
    const { library, path } = this.file;
    if (bytes <= this.buffer.bytes) return this.buffer.pointer;
    this.close();
    const pointer = bytes <= library.MAXIMUM_MEMORY ? library._malloc(bytes) : 0;
    if (pointer === 0) {
      throw new DataError(
        `${path}: "${this.name}": a read of ${bytes} bytes exceeds the memory of the HDF5 library`,
      );
    }
    this.buffer = { pointer, bytes };
    return pointer;
  }

  private readError(start: number, count: number, pointer: number): DataError {
    const { library, id, path } = this.file;
    const unknown = library.get_dataset_filters(id, `/${this.name}`)
      .filter((filter) => !readableFilters.has(filter.id));
    if (unknown.length > 0) {
      const names = unknown.map((filter) => `${filter.name || "unnamed"} (filter ${filter.id})`).join(", ");
      return new DataError(
        `${path}: "${this.name}" is compressed with ${names}, ` +
          "expected gzip, lzf, bzip2, Blosc, LZ4, Zstandard, bitshuffle or none",
      );
    }
    let damaged = 0;
    while (damaged < count - 1 && this.readTo(start + damaged, 1, pointer)) damaged++;
    return damagedRowError(path, this.name, start + damaged);
  }
}

/**
 * gzip, shuffle, fletcher32, nbit, scale-offset, bzip2, LZF, Blosc, LZ4, bitshuffle, Zstandard and Blosc2, by their
 * registered numbers.
 */
const readableFilters: ReadonlySet<number> = new Set([
  1,
  2,
  3,
  5,
  6,
  307,
  32000,
  32001,
  32004,
  32008,
  32015,
  32026,
]);
