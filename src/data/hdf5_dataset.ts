import { DataError } from "../errors.ts";
import type { Hdf5Handle } from "./hdf5_library.ts";
import { planReads, type ReadRun } from "./read_plan.ts";

const elementArrays = {
  float16: Float16Array,
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
};

/** The numbers that a dataset may hold. */
export type ElementType = keyof typeof elementArrays;

/** The numbers of one row, valid until the next read. */
export type Row = InstanceType<(typeof elementArrays)[ElementType]>;

type Metadata = ReturnType<Hdf5Handle["library"]["get_dataset_metadata"]>;

/** The memory that one read may take, unless a single row is larger. */
const bytesPerRead = 32 * 2 ** 20;

/** A numeric dataset, read by rows: `dataset[i]` for some indices i of its first dimension. */
export class Hdf5Dataset {
  readonly shape: number[];
  readonly elementType: ElementType;
  readonly #file: Hdf5Handle;
  readonly #name: string;
  readonly #elementBytes: number;
  readonly #rowsPerChunk: number;
  #buffer = { pointer: 0, bytes: 0 };

  /**
   * @param wantedShape what the error says was expected, as `[N, K]`
   * @throws DataError if the file has no dataset of this name, or one without numbers or dimensions
   */
  constructor(file: Hdf5Handle, name: string, wantedShape: string) {
    const metadata = datasetMetadata(file, name, wantedShape);
    const elementType = elementTypeOf(metadata);
    if (!elementType) {
      throw new DataError(
        `${file.path}: "${name}" holds ${describeType(metadata)}, expected numbers ${wantedShape}`,
      );
    }
    if (metadata.virtual_sources) {
      throw new DataError(
        `${file.path}: "${name}" is a virtual dataset, expected one that holds its own data`,
      );
    }
    this.#file = file;
    this.#name = name;
    this.#elementBytes = metadata.size;
    this.#rowsPerChunk = metadata.chunks?.[0] ?? 1;
    this.elementType = elementType;
    this.shape = metadata.shape ?? [];
  }

  /**
   * Reads the rows `indices` and calls `visit` once for each, in file order.
   *
   * @param visit takes the row's numbers, its position in `indices` and its index in the file
   * @throws DataError if the file is damaged there
   */
  readRows(indices: Uint32Array, visit: (row: Row, position: number, index: number) => void): void {
    const elements = this.shape.slice(1).reduce((product, size) => product * size, 1);
    const rowBytes = elements * this.#elementBytes;
    const rowsPerRead = Math.max(1, Math.floor(bytesPerRead / rowBytes));
    for (const run of planReads(indices, this.#rowsPerChunk, rowsPerRead)) {
      const pointer = this.#reserve(run.count * rowBytes);
      if (!this.#read(run.start, run.count, pointer)) throw this.#readError(run, pointer);
      // The memory may have moved while the library read: it is looked up again for each run.
      const memory = this.#file.library.HEAPU8.buffer as ArrayBuffer;
      for (const { row, position } of run.wanted) {
        const values = new elementArrays[this.elementType](memory, pointer + row * rowBytes, elements);
        visit(values, position, run.start + row);
      }
    }
  }

  /** Frees the memory for reads. */
  close(): void {
    this.#file.library._free(this.#buffer.pointer);
    this.#buffer = { pointer: 0, bytes: 0 };
  }

  /** Reads rows into the library's memory at `pointer`; false if they cannot be read. */
  #read(start: number, count: number, pointer: number): boolean {
    const { library, id } = this.#file;
    const counts = [count, ...this.shape.slice(1)].map(BigInt);
    const offsets = this.shape.map((_, axis) => axis === 0 ? BigInt(start) : 0n);
    const strides = this.shape.map(() => 1n);
    // Numbers arrive little-endian whatever their order in the file; float16 arrives as its two bytes.
    return library.get_dataset_data(id, `/${this.#name}`, counts, offsets, strides, BigInt(pointer)) >= 0;
  }

  #reserve(bytes: number): number {
    const { library, path } = this.#file;
    if (bytes <= this.#buffer.bytes) return this.#buffer.pointer;
    this.close();
    const pointer = bytes <= library.MAXIMUM_MEMORY ? library._malloc(bytes) : 0;
    if (pointer === 0) {
      throw new DataError(
        `${path}: "${this.#name}": ${bytes} bytes at once are more than the HDF5 reader can hold`,
      );
    }
    this.#buffer = { pointer, bytes };
    return pointer;
  }

  #readError({ start, wanted }: ReadRun, pointer: number): DataError {
    const { library, id, path } = this.#file;
    const foreign = library.get_dataset_filters(id, `/${this.#name}`)
      .filter((filter) => !readableFilters.has(filter.id));
    if (foreign.length > 0) {
      const names = foreign.map((filter) => `${filter.name || "unnamed"} (filter ${filter.id})`).join(", ");
      return new DataError(
        `${path}: "${this.#name}" is packed with ${names}, expected gzip, shuffle, lzf or none`,
      );
    }
    const bad = wanted.find(({ row }) => !this.#read(start + row, 1, pointer))?.row ?? 0;
    return new DataError(
      `${path}: row ${
        start + bad
      } (counted from 0) of "${this.#name}" cannot be read, the file is damaged there`,
    );
  }
}

/** gzip, shuffle, fletcher32, nbit, scale-offset and lzf, by their registered numbers. */
const readableFilters: ReadonlySet<number> = new Set([1, 2, 3, 5, 6, 32000]);

function datasetMetadata(file: Hdf5Handle, name: string, wantedShape: string): Metadata {
  const { library, id, path } = file;
  const type = library.get_type(id, `/${name}`);
  if (type === library.H5G_DATASET) return library.get_dataset_metadata(id, `/${name}`);
  const expected = `expected a dataset ${wantedShape}`;
  if (type === library.H5G_GROUP) {
    // A damaged object looks like a group until it is opened, which then fails.
    library.get_names(id, `/${name}`, false);
    throw new DataError(`${path}: "${name}" is a group, ${expected}`);
  }
  if (type === library.H5G_TYPE) throw new DataError(`${path}: "${name}" is a data type, ${expected}`);
  if (type >= 0) throw new DataError(`${path}: "${name}" is a link that leads nowhere, ${expected}`);
  const names = file.root.keys().map((other) => JSON.stringify(other.slice(0, 40)));
  const holds = names.length === 0
    ? "nothing"
    : names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "");
  throw new DataError(`${path}: has no "${name}" (it holds ${holds}), ${expected}`);
}

/** The classes of `H5T_class_t` (HDF5 library, H5Tpublic.h) by their number. */
const typeClasses = [
  "integers",
  "floating-point numbers",
  "times",
  "text",
  "bit fields",
  "opaque bytes",
  "compound records",
  "references",
  "enumerated values",
  "lists of varying length",
  "arrays",
];

function elementTypeOf({ type, size, signed, enum_type }: Metadata): ElementType | undefined {
  const isBoolean = enum_type !== undefined && enum_type.type === 0 && size === 1;
  const isInteger = typeClasses[type] === "integers" || isBoolean;
  const isFloat = typeClasses[type] === "floating-point numbers";
  if (!isInteger && !isFloat) return undefined;
  const name = `${isFloat ? "float" : signed ? "int" : "uint"}${8 * size}`;
  return name in elementArrays ? name as ElementType : undefined;
}

function describeType({ type, size }: Metadata): string {
  const name = typeClasses[type] ?? "an unknown type";
  return type <= 1 ? `${8 * size}-bit ${name}` : name;
}
