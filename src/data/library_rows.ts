import { DataError } from "../errors.ts";
import type { Hdf5Handle } from "./hdf5_library.ts";
import { damagedRow, type RowReader } from "./row_reader.ts";

/** Reads a dataset's rows by the HDF5 library, whatever their layout and packing. */
export class LibraryRows implements RowReader {
  readonly isPacked = true;
  readonly bytesPerRead = 32 * 2 ** 20;
  private readonly file: Hdf5Handle;
  private readonly name: string;
  private readonly shape: readonly number[];
  private readonly rowBytes: number;
  private buffer = { pointer: 0, bytes: 0 };

  constructor(
    file: Hdf5Handle,
    name: string,
    shape: readonly number[],
    rowBytes: number,
    readonly rowsPerChunk: number,
  ) {
    this.file = file;
    this.name = name;
    this.shape = shape;
    this.rowBytes = rowBytes;
  }

  read(start: number, count: number): Uint8Array<ArrayBuffer> {
    const bytes = count * this.rowBytes;
    const pointer = this.reserve(bytes);
    if (!this.readTo(start, count, pointer)) throw this.readError(start, count, pointer);
    // The memory may have moved while the library read: it is looked up again for each read.
    return new Uint8Array(this.file.library.HEAPU8.buffer as ArrayBuffer, pointer, bytes);
  }

  /** Frees the memory for reads. */
  close(): void {
    this.file.library._free(this.buffer.pointer);
    this.buffer = { pointer: 0, bytes: 0 };
  }

  /** Reads rows into the library's memory at `pointer`; false if they cannot be read. */
  private readTo(start: number, count: number, pointer: number): boolean {
    const { library, id } = this.file;
    const counts = [count, ...this.shape.slice(1)].map(BigInt);
    const offsets = this.shape.map((_, axis) => axis === 0 ? BigInt(start) : 0n);
    const strides = this.shape.map(() => 1n);
    // Numbers arrive little-endian whatever their order in the file; float16 arrives as its two bytes.
    return library.get_dataset_data(id, `/${this.name}`, counts, offsets, strides, BigInt(pointer)) >= 0;
  }

  private reserve(bytes: number): number {
    const { library, path } = this.file;
    if (bytes <= this.buffer.bytes) return this.buffer.pointer;
    this.close();
    const pointer = bytes <= library.MAXIMUM_MEMORY ? library._malloc(bytes) : 0;
    if (pointer === 0) {
      throw new DataError(
        `${path}: "${this.name}": ${bytes} bytes at once are more than the HDF5 reader can hold`,
      );
    }
    this.buffer = { pointer, bytes };
    return pointer;
  }

  private readError(start: number, count: number, pointer: number): DataError {
    const { library, id, path } = this.file;
    const foreign = library.get_dataset_filters(id, `/${this.name}`)
      .filter((filter) => !readableFilters.has(filter.id));
    if (foreign.length > 0) {
      const names = foreign.map((filter) => `${filter.name || "unnamed"} (filter ${filter.id})`).join(", ");
      return new DataError(
        `${path}: "${this.name}" is packed with ${names}, expected gzip, shuffle, lzf or none`,
      );
    }
    let bad = 0;
    while (bad < count - 1 && this.readTo(start + bad, 1, pointer)) bad++;
    return damagedRow(path, this.name, start + bad);
  }
}

/** gzip, shuffle, fletcher32, nbit, scale-offset and lzf, by their registered numbers. */
const readableFilters: ReadonlySet<number> = new Set([1, 2, 3, 5, 6, 32000]);
