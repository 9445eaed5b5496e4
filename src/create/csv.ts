/** Reads tables of comma-separated values row by row, with columns by name. */

import { gunzipSync } from "node:zlib";
import { CsvError, parse } from "csv-parse/sync";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";

/** One row of a table. */
export interface CsvRow {
  cells: readonly string[];
  /** Number of the row's last line in the file, from 1. */
  line: number;
}

/** The columns of a table. */
export class CsvColumns {
  constructor(readonly path: string, readonly names: readonly string[]) {}

  /** Whether the table has all of these columns. */
  has(...names: readonly string[]): boolean {
    return names.every((name) => this.names.includes(name));
  }

  /**
   * The index of the column `name`.
   *
   * @throws {DataError} if no column or more than one has this name
   */
  find(name: string): number {
    const index = this.names.indexOf(name);
    if (index < 0) throw this.error(`has no column ${JSON.stringify(name)}`);
    if (this.names.includes(name, index + 1)) throw this.error(`has two columns ${JSON.stringify(name)}`);
    return index;
  }

  private error(what: string): DataError {
    const names = printable(this.names.map((name) => JSON.stringify(name)).join(", "), 400);
    return new DataError(`${this.path}: ${what}; its columns are ${names}`);
  }
}

/**
 * Reads a table: text in UTF-8, UTF-16 with a byte order mark, or Windows-1252, optionally compressed with gzip, with
 * commas, semicolons or tabs between the cells. The first row holds the columns' names. Rows are not kept, only the
 * entries made from them.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(path, "path,edema\na.png,1\n");
 * const paths = await readCsv(path, (columns) => {
 *   const index = columns.find("path");
 *   return ({ cells }) => cells[index]!;
 * });
 * assertEquals(paths, ["a.png"]);
 * await Deno.remove(path);
 * ```
 *
 * @param begin is called once with the columns and returns the function that makes an entry from a row
 * @param note receives a line if the text is in Windows-1252
 * @throws {DataError} if the file cannot be read, is not such a table, or has no rows; the message names the line if
 * one line is at fault
 */
export async function readCsv<Entry>(
  path: string,
  begin: (columns: CsvColumns) => (row: CsvRow) => Entry,
  note?: (text: string) => void,
): Promise<Entry[]> {
  const bytes = await readText(path, note);
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
  if (!read) throw new DataError(`${path}: is empty, expected a first row with the columns' names`);
  if (entries.length === 0) throw new DataError(`${path}: has no rows after the columns' names`);
  return entries;
}

/** The file's text in UTF-8, decompressed. */
async function readText(path: string, note?: (text: string) => void): Promise<Uint8Array> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const { isFile } = await Deno.stat(path);
    if (!isFile) throw new DataError("it is not a regular file");
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzip(path, bytes);
  bytes = fromUtf16(bytes) ?? bytes;
  if (isUtf8(bytes)) return bytes;
  const text = fromWindows(bytes);
  if (!text) throw new DataError(`${path}: is not text in UTF-8, expected a table of comma-separated values`);
  note?.(`${path}: is not UTF-8, and is read as Windows-1252, which includes Latin-1`);
  return text;
}

function isUtf8(bytes: Uint8Array): boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for (let start = 0; start < bytes.length; start += 2 ** 20) {
      decoder.decode(bytes.subarray(start, start + 2 ** 20), { stream: true });
    }
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

/** Bytes that no text in Windows-1252 holds: control characters but tab and line breaks, and unassigned bytes. */
const binaryBytes = new Set(
  [...Array(32).keys(), 0x7f, 0x81, 0x8d, 0x8f, 0x90, 0x9d].filter((byte) => ![9, 10, 13].includes(byte)),
);

/** Text in Windows-1252 in UTF-8; undefined if the bytes are no such text. */
function fromWindows(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.some((byte) => binaryBytes.has(byte))) return undefined;
  return new TextEncoder().encode(new TextDecoder("windows-1252").decode(bytes));
}

/** Decompresses all members of a gzip file. */
function gunzip(path: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(gunzipSync(bytes));
  } catch {
    throw new DataError(`${path}: cannot be decompressed with gzip, the file may be cut short`);
  }
}

/** Text in UTF-16, which spreadsheets save as "Unicode text", in UTF-8; undefined if it is not marked as UTF-16. */
function fromUtf16(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const mark = bytes[0]! << 8 | bytes[1]!;
  if (mark !== 0xfffe && mark !== 0xfeff) return undefined;
  return new TextEncoder().encode(new TextDecoder(mark === 0xfffe ? "utf-16le" : "utf-16be").decode(bytes));
}

/** The delimiter: the one of comma, semicolon and tab that is most frequent in the first line. */
function delimiterOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0x0a);
  const line = new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
  const count = (mark: string) => line.split(mark).length;
  return [",", ";", "\t"].reduce((best, mark) => count(mark) > count(best) ? mark : best);
}
