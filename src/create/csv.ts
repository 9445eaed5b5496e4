/** Tables of comma-separated values: their columns by name, their rows one at a time. */

import { CsvError, parse } from "csv-parse/sync";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";

/** One row of a table. */
export interface CsvRow {
  cells: readonly string[];
  /** The line that it ends on, from 1. */
  line: number;
}

/** The columns of a table. */
export class CsvColumns {
  constructor(readonly path: string, readonly names: readonly string[]) {}

  /** Whether there are columns of all these names. */
  has(...names: readonly string[]): boolean {
    return names.every((name) => this.names.includes(name));
  }

  /**
   * The place of the column `name`.
   *
   * @throws DataError if there is none, or more than one
   */
  find(name: string): number {
    const place = this.names.indexOf(name);
    if (place < 0) throw this.#wrong(`has no column ${JSON.stringify(name)}`);
    if (this.names.includes(name, place + 1)) throw this.#wrong(`has two columns ${JSON.stringify(name)}`);
    return place;
  }

  #wrong(what: string): DataError {
    const names = printable(this.names.map((name) => JSON.stringify(name)).join(", "), 400);
    return new DataError(`${this.path}: ${what}, its columns are ${names}`);
  }
}

/**
 * Reads a table in UTF-8, packed with gzip or not, with commas, semicolons or tabs between its cells. `begin` gets the columns
 * and gives what makes an entry of each row; only the entries are kept.
 *
 * @throws DataError naming the file, and the line where there is one
 */
export async function readCsv<Entry>(
  path: string,
  begin: (columns: CsvColumns) => (row: CsvRow) => Entry,
): Promise<Entry[]> {
  const bytes = await readText(path);
  const entries: Entry[] = [];
  let read: ((row: CsvRow) => Entry) | undefined;
  try {
    parse(bytes, {
      bom: true,
      delimiter: delimiterOf(bytes),
      skip_empty_lines: true,
      on_record(cells: string[], { lines }) {
        if (read) entries.push(read({ cells, line: lines }));
        else read = begin(new CsvColumns(path, cells.map((name) => name.trim())));
        return undefined;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DataError(
      `${path}: is not a table of comma-separated values: ${printable(error.message, 200)}`,
    );
  }
  if (!read) throw new DataError(`${path}: is empty, expected a line with the names of columns`);
  if (entries.length === 0) throw new DataError(`${path}: has no rows below the names of its columns`);
  return entries;
}

/** The file's bytes, unpacked; text in UTF-8 for sure. */
async function readText(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const { isFile } = await Deno.stat(path);
    if (!isFile) throw new DataError("it is not a regular file");
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = await unpack(path, bytes);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for (let start = 0; start < bytes.length; start += 2 ** 20) {
      decoder.decode(bytes.subarray(start, start + 2 ** 20), { stream: true });
    }
    decoder.decode();
  } catch {
    throw new DataError(`${path}: is not text in UTF-8, expected a table of comma-separated values`);
  }
  return bytes;
}

async function unpack(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(unpacked).bytes().catch(() => {
    throw new DataError(`${path}: is packed with gzip and cannot be unpacked, it may be cut short`);
  });
}

/** The one of comma, semicolon and tab that the first line has most of. */
function delimiterOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0x0a);
  const line = new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
  const count = (mark: string) => line.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => count(mark) > count(best) ? mark : best);
}
