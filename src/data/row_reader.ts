/** The interface of readers of a dataset's rows. */

import { DataError } from "../errors.ts";

/** Reads a dataset's rows. */
export interface RowReader {
  /** Whether rows are decompressed as they are read, which costs processor time. */
  readonly isCompressed: boolean;
  /** Rows that are decompressed together: reading one of them costs as much as reading all. */
  readonly rowsPerChunk: number;
  /** The most bytes to read at once. A single row may have more. */
  readonly bytesPerRead: number;
  /**
   * Reads `count` rows from row `start`: little-endian numbers, valid until the next read. Their offset in the buffer
   * is a multiple of eight.
   *
   * @throws {DataError} if a row cannot be read
   */
  read(start: number, count: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

/** The error for a row that cannot be read. */
export function damagedRowError(path: string, name: string, row: number): DataError {
  return new DataError(
    `${path}: row ${row} (counted from 0) of "${name}" cannot be read, the file is damaged there`,
  );
}
