/** Official splits: a column, a second table or a list of file names says which images are for what. */

import { basename } from "node:path";
import { DataError, UsageError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { pathIn } from "./cells.ts";
import { type CsvColumns, type CsvRow, readCsv } from "./csv.ts";
import type { Layout } from "./layout.ts";
import type { Entry, Split } from "./listing.ts";

/** Where a data set's own split is. */
export interface SplitOptions {
  /** Column of the split: `train`, `valid` or `test`, in the list or in `split_csv`. */
  split_column?: string;
  /** Second table with the split, which shares a column with the list. */
  split_csv?: string;
  /** Text file with the names of the test images, one on each line. */
  test_list?: string;
}

const splitWords: Record<string, Split> = {
  train: "train",
  training: "train",
  valid: "valid",
  validate: "valid",
  validation: "valid",
  val: "valid",
  dev: "valid",
  test: "test",
  testing: "test",
};

/** The split that a cell names. */
function splitIn(path: string, { cells, line }: CsvRow, index: number, name: string): Split {
  const split = splitWords[cells[index]!.trim().toLowerCase()];
  if (split) return split;
  const shown = JSON.stringify(printable(cells[index]!.trim()));
  throw new DataError(
    `${path}: line ${line}, column ${JSON.stringify(name)}: ${shown}, expected train, valid or test`,
  );
}

/**
 * Returns a function that, for a table's columns, returns the function that finds a row's split.
 *
 * @throws {DataError} if a table cannot be read, lacks a column, or does not have a row's image
 * @throws {UsageError} if the options contradict each other
 */
export async function splitReader(
  { split_column, split_csv, test_list }: SplitOptions,
): Promise<(columns: CsvColumns, layout: Layout) => (row: CsvRow) => Split | undefined> {
  if (test_list !== undefined && (split_column ?? split_csv) !== undefined) {
    throw new UsageError(`--test_list ${test_list}: expected without --split_column and --split_csv`);
  }
  if (split_csv !== undefined) return await secondTable(split_csv, split_column ?? "split");
  if (split_column === undefined) return () => () => undefined;
  return (columns) => {
    const index = columns.find(split_column);
    return (row) => splitIn(columns.path, row, index, split_column);
  };
}

async function secondTable(path: string, splitColumn: string) {
  let own!: CsvColumns;
  const rows = await readCsv(path, (columns) => {
    own = columns;
    const index = columns.find(splitColumn);
    return (row) => ({ cells: row.cells, split: splitIn(path, row, index, splitColumn) });
  });
  return (columns: CsvColumns, { pathColumn }: Layout) => {
    const shared = own.names.filter((name) => name !== splitColumn && columns.has(name));
    // A file's own identifier decides, not its patient's or its study's.
    const key = shared.find((name) => name === pathColumn) ?? shared[0];
    if (key === undefined) {
      throw new DataError(
        `${path}: shares no column with ${columns.path}, expected one with the images' names; ` +
          `its columns are ${printable(own.names.join(", "), 300)}`,
      );
    }
    const place = own.find(key);
    const splits = new Map<string, Split>();
    for (const { cells, split } of rows) {
      const name = cells[place]!.trim();
      if ((splits.get(name) ?? split) !== split) {
        throw new DataError(`${path}: column ${JSON.stringify(key)}: ${printable(name)} is in two splits`);
      }
      splits.set(name, split);
    }
    const index = columns.find(key);
    return ({ cells, line }: CsvRow) => {
      const name = cells[index]!.trim();
      const split = splits.get(name);
      if (split) return split;
      throw new DataError(
        `${columns.path}: line ${line}: ${printable(name)} is not in the column ${
          JSON.stringify(key)
        } of ${path}`,
      );
    };
  };
}

/**
 * The entries, of which those that the list of test images names are for testing. Names are compared with paths, or, if
 * they have no folder, with files' names.
 *
 * @throws {DataError} if the list cannot be read or names none of the images
 */
export async function readTestList(
  { test_list: path = "" }: SplitOptions,
  entries: readonly Entry[],
  note: (text: string) => void,
): Promise<Entry[]> {
  const text = await Deno.readTextFile(path).catch((error) => {
    throw fileError(path, "cannot read", error);
  });
  const names = new Set(text.replace(/^\ufeff/, "").split(/\r?\n/).map(pathIn).filter((name) => name !== ""));
  const found = new Set<string>();
  const marked = entries.map((entry): Entry => {
    const name = [entry.path, basename(entry.path)].find((each) => names.has(each));
    if (name === undefined) return entry;
    found.add(name);
    return { ...entry, split: "test" };
  });
  if (found.size === 0) throw new DataError(`${path}: names none of the ${entries.length} listed images`);
  if (found.size < names.size) {
    note(`${path}: ${names.size - found.size} of its ${names.size} names are not in the list of images`);
  }
  return marked;
}
