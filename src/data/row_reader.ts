import { DataError } from "../errors.ts";

/** A way to read a dataset's rows. */
export interface RowReader {
  /** Whether rows are unpacked as they are read, which keeps a processor busy. */
  readonly isPacked: boolean;
  /** Rows that are unpacked together, so that it costs nothing more to read them together. */
  readonly rowsPerChunk: number;
  /** The most bytes that should be read at once, unless a single row has more. */
  readonly bytesPerRead: number;
  /**
   * The bytes of `count` rows from `start` on, little-endian, valid until the next read. They begin at a multiple of eight in their buffer.
   *
   * @throws DataError if they cannot be read
   */
  read(start: number, count: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

/** What to say of a row that cannot be read. */
export function damagedRow(path: string, name: string, row: number): DataError {
  return new DataError(
    `${path}: row ${row} (counted from 0) of "${name}" cannot be read, the file is damaged there`,
  );
}
