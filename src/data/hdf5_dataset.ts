/** A numeric dataset of an HDF5 file, read by rows. */

import { DataError } from "../errors.ts";
import type { Hdf5Handle } from "./hdf5_library.ts";
import { chooseRowReader } from "./choose_reader.ts";
import { decodeNumbers, isUsual, type NumberFormat, readNumberFormat, usualBytes } from "./number_format.ts";
import { planReads } from "./read_plan.ts";
import type { RowReader } from "./row_reader.ts";

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

/** The types of numbers that a dataset may hold. */
export type ElementType = keyof typeof elementArrays;

/** The numbers of one row. They are valid until the next read. */
export type Row = InstanceType<(typeof elementArrays)[ElementType]>;

type Metadata = ReturnType<Hdf5Handle["library"]["get_dataset_metadata"]>;

/** A numeric dataset. A row is `dataset[i]` for an index i of its first axis. */
export class Hdf5Dataset {
  readonly shape: number[];
  readonly elementType: ElementType;
  private readonly metadata: Metadata;
  /** The format of the numbers if it is not the usual one of their type. */
  private readonly unusual: NumberFormat | undefined;
  private reader: RowReader | undefined;

  /**
   * Looks the dataset up; reads none of its rows.
   *
   * @param expectedShape shape to name in errors, for instance `[N, K]`
   * @throws {DataError} if the file has no numeric dataset of this name
   */
  constructor(private readonly file: Hdf5Handle, private readonly name: string, expectedShape: string) {
    const metadata = datasetMetadata(file, name, expectedShape);
    const format = numberFormat(file, name, metadata);
    const elementType = format && elementTypeOf(format);
    if (!elementType) {
      throw new DataError(
        `${file.path}: "${name}" holds ${describeType(metadata)}, expected numbers ${expectedShape}`,
      );
    }
    this.unusual = isUsual(format) ? undefined : format;
    this.metadata = metadata;
    this.elementType = elementType;
    this.shape = metadata.shape ?? [];
  }

  /**
   * Reads the rows `indices` and calls `visit` for each of them, in the order of the file.
   *
   * @param visit receives the row's numbers, its position in `indices` and its index in the file
   * @throws {DataError} if a row cannot be read
   */
  readRows(indices: Uint32Array, visit: (row: Row, position: number, index: number) => void): void {
    const reader = this.reader ??= chooseRowReader(this.file, this.name, this.metadata);
    const elements = product(this.shape.slice(1));
    const rowBytes = elements * this.metadata.size;
    const rowsPerRead = Math.max(1, Math.floor(reader.bytesPerRead / rowBytes));
    for (const { start, count, wanted } of planReads(indices, reader.rowsPerChunk, rowsPerRead)) {
      const { buffer, byteOffset } = reader.read(start, count);
      for (const { row, position } of wanted) {
        visit(this.numbersAt(buffer, byteOffset + row * rowBytes, elements), position, start + row);
      }
    }
  }

  private numbersAt(buffer: ArrayBuffer, offset: number, count: number): Row {
    const Elements = elementArrays[this.elementType];
    if (!this.unusual) return new Elements(buffer, offset, count);
    const numbers = new Elements(count);
    decodeNumbers(new Uint8Array(buffer, offset, count * this.metadata.size), this.unusual, numbers);
    return numbers;
  }

  /** Whether rows are decompressed as they are read, which costs processor time. Known after the first read. */
  get isCompressed(): boolean {
    return this.reader?.isCompressed ?? false;
  }

  close(): void {
    this.reader?.close();
  }
}

function datasetMetadata(file: Hdf5Handle, name: string, expectedShape: string): Metadata {
  const { library, id, path } = file;
  const type = library.get_type(id, `/${name}`);
  if (type === library.H5G_DATASET) return library.get_dataset_metadata(id, `/${name}`);
  const expected = `expected a dataset ${expectedShape}`;
  if (type === library.H5G_GROUP) {
    // A damaged object looks like a group; opening it fails.
    library.get_names(id, `/${name}`, false);
    throw new DataError(`${path}: "${name}" is a group, ${expected}`);
  }
  if (type === library.H5G_TYPE) throw new DataError(`${path}: "${name}" is a data type, ${expected}`);
  if (type >= 0) throw new DataError(`${path}: "${name}" is a broken link, ${expected}`);
  const names = file.root.keys().map((other) => JSON.stringify(other.slice(0, 40)));
  const holds = names.length === 0
    ? "nothing"
    : names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "");
  throw new DataError(`${path}: has no "${name}" (it holds ${holds}), ${expected}`);
}

/** The names of `H5T_class_t` (HDF5 library, H5Tpublic.h) in the order of their numbers. */
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

/** The format of a dataset's numbers; undefined if it holds none, or numbers in a format that is not supported. */
function numberFormat(file: Hdf5Handle, name: string, metadata: Metadata): NumberFormat | undefined {
  const { type, size, enum_type } = metadata;
  const isBoolean = enum_type !== undefined && enum_type.type === 0 && size === 1;
  if (!isBoolean && typeClasses[type] !== "integers" && typeClasses[type] !== "floating-point numbers") {
    return undefined;
  }
  try {
    return readNumberFormat(file, name);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function elementTypeOf(format: NumberFormat): ElementType {
  const kind = format.kind === "float" ? "float" : format.isSigned ? "int" : "uint";
  return `${kind}${8 * (isUsual(format) ? format.bytes : usualBytes(format))}` as ElementType;
}

function describeType({ type, size }: Metadata): string {
  const name = typeClasses[type] ?? "an unknown type";
  return type <= 1 ? `${8 * size}-bit ${name} of an unusual format` : name;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
