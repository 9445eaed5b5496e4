/** Chooses how a dataset's rows are read: directly from the file, or by the HDF5 library. */

import { DataError } from "../errors.ts";
import type { Hdf5Handle } from "./hdf5_library.ts";
import { LibraryRows } from "./library_rows.ts";
import type { RowReader } from "./row_reader.ts";
import { headerAddress } from "./number_format.ts";
import { FileBytes } from "./object_header.ts";
import { locateBlocks, type StoredBlocks } from "./stored_blocks.ts";
import { type Filter, StoredRows } from "./stored_rows.ts";

type Metadata = ReturnType<Hdf5Handle["library"]["get_dataset_metadata"]>;

/**
 * The fastest reader for a dataset's rows: one that reads the file directly if it knows the dataset's layout, otherwise
 * the HDF5 library.
 */
export function chooseRowReader(file: Hdf5Handle, name: string, metadata: Metadata): RowReader {
  const shape = metadata.shape ?? [];
  const rowBytes = shape.slice(1).reduce((product, size) => product * size, metadata.size);
  const byLibrary = new LibraryRows(file, name, shape, rowBytes, metadata.chunks?.[0] ?? 1);
  const stored = storedRows(file, name, metadata, rowBytes);
  if (!stored) return byLibrary;
  if (readEqualRows(stored, byLibrary, shape[0]!)) {
    byLibrary.close();
    return stored;
  }
  stored.close();
  return byLibrary;
}

/** Whether both readers give the same first and last row. This guards against a layout that is misunderstood. */
function readEqualRows(one: RowReader, other: RowReader, rows: number): boolean {
  try {
    return [0, rows - 1].every((row) => {
      const bytes = one.read(row, 1);
      const others = other.read(row, 1);
      return bytes.every((byte, index) => byte === others[index]);
    });
  } catch (error) {
    // A damaged row is reported later, by the library, when it is needed.
    if (error instanceof DataError) return false;
    throw error;
  }
}

/** The filters that can be reversed without the library, by their registered numbers. */
const knownFilters: Record<number, Filter> = { 1: "gzip", 2: "shuffle" };

/** A reader that reads the file directly; undefined if only the library can read the dataset's layout or filters. */
function storedRows(
  { path, library, id, start }: Hdf5Handle,
  name: string,
  metadata: Metadata,
  rowBytes: number,
): StoredRows | undefined {
  const { shape, chunks, size: elementBytes, littleEndian } = metadata;
  const filters = library.get_dataset_filters(id, `/${name}`).map((filter) => knownFilters[filter.id]);
  if (!shape || rowBytes === 0 || !filters.every((filter) => filter !== undefined)) return undefined;
  if (!littleEndian && ![1, 2, 4, 8].includes(elementBytes)) return undefined;
  const header = headerAddress({ library, id }, name);
  const file = Deno.openSync(path);
  try {
    const bytes = new FileBytes(file, start, file.statSync().size);
    const blocks = locateBlocks(bytes, header, { shape, chunks, elementBytes });
    requireWholeBlocks(blocks, filters, rowBytes);
    return new StoredRows(file, blocks, {
      path,
      name,
      rowBytes,
      elementBytes,
      isLittleEndian: littleEndian,
      filters,
    });
  } catch (error) {
    file.close();
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** @throws {RangeError} if the length of an uncompressed block differs from that of its rows */
function requireWholeBlocks(
  { lengths, skippedFilters, rowsPerBlock }: StoredBlocks,
  filters: readonly Filter[],
  rowBytes: number,
): void {
  const gzip = filters.indexOf("gzip");
  lengths.forEach((length, block) => {
    const isCompressed = gzip >= 0 && !(skippedFilters[block]! >>> gzip & 1);
    if (!isCompressed && length !== rowsPerBlock * rowBytes) {
      throw new RangeError(`${length} bytes in block ${block}`);
    }
  });
}
