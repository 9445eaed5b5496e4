import { DataError } from "../errors.ts";
import type { Hdf5Handle } from "./hdf5_library.ts";
import { LibraryRows } from "./library_rows.ts";
import type { RowReader } from "./row_reader.ts";
import { FileBytes, locateBlocks, type StoredBlocks } from "./stored_blocks.ts";
import { type Filter, StoredRows } from "./stored_rows.ts";

type Metadata = ReturnType<Hdf5Handle["library"]["get_dataset_metadata"]>;

/** The fastest way to read a dataset's rows: past the library where they lie in the file in a way that we know, else by it. */
export function rowReader(file: Hdf5Handle, name: string, metadata: Metadata): RowReader {
  const shape = metadata.shape ?? [];
  const rowBytes = shape.slice(1).reduce((product, size) => product * size, metadata.size);
  const byLibrary = new LibraryRows(file, name, shape, rowBytes, metadata.chunks?.[0] ?? 1);
  const stored = storedRows(file, name, metadata, rowBytes);
  if (!stored) return byLibrary;
  if (readAlike(stored, byLibrary, shape[0]!)) {
    byLibrary.close();
    return stored;
  }
  stored.close();
  return byLibrary;
}

/** The first and the last row must read alike in both ways, so that a file that we misunderstand is still read as it should be. */
function readAlike(one: RowReader, other: RowReader, rows: number): boolean {
  try {
    return [0, rows - 1].every((row) => {
      const bytes = one.read(row, 1);
      const others = other.read(row, 1);
      return bytes.every((byte, index) => byte === others[index]);
    });
  } catch (error) {
    // A damaged row is reported when it is wanted, and by the library.
    if (error instanceof DataError) return false;
    throw error;
  }
}

/** The filters that can be undone without the library, by their registered numbers. */
const ownFilters: Record<number, Filter> = { 1: "gzip", 2: "shuffle" };

/** A reader past the library; undefined if the dataset is packed, or lies in the file, in a way that is left to the library. */
function storedRows(
  { path, library, id, start }: Hdf5Handle,
  name: string,
  metadata: Metadata,
  rowBytes: number,
): StoredRows | undefined {
  const { shape, chunks, size: elementBytes, littleEndian: isLittleEndian } = metadata;
  const filters = library.get_dataset_filters(id, `/${name}`).map((filter) => ownFilters[filter.id]);
  if (!shape || rowBytes === 0 || !filters.every((filter) => filter !== undefined)) return undefined;
  // A reference to an object is the address of its header.
  const reference = library.create_object_reference(id, `/${name}`);
  const header = Number(new DataView(Uint8Array.from(reference).buffer).getBigUint64(0, true));
  const file = Deno.openSync(path);
  try {
    const bytes = new FileBytes(file, start, file.statSync().size);
    const blocks = locateBlocks(bytes, header, { shape, chunks, elementBytes });
    requireWhole(blocks, filters, rowBytes);
    return new StoredRows(file, blocks, { path, name, rowBytes, elementBytes, isLittleEndian, filters });
  } catch (error) {
    file.close();
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws RangeError if a block that is not packed is not as long as its rows */
function requireWhole(
  { lengths, filtersLeftOut, rowsPerBlock }: StoredBlocks,
  filters: readonly Filter[],
  rowBytes: number,
): void {
  const gzip = filters.indexOf("gzip");
  lengths.forEach((length, block) => {
    const isPacked = gzip >= 0 && !(filtersLeftOut[block]! >>> gzip & 1);
    if (!isPacked && length !== rowsPerBlock * rowBytes) {
      throw new RangeError(`${length} bytes in block ${block}`);
    }
  });
}
