/** Labels in the cells of a table. */

import { DataError } from "../errors.ts";
import { printable } from "../io/printable.ts";
import type { CsvColumns, CsvRow } from "./csv.ts";
import type { ListedLabel } from "./listing.ts";

/**
 * Returns a function that reads the labels of a row from the columns with these indices. A cell holds 1, 0, −1
 * (uncertain) or nothing, in any spelling of the number: "1.0" is 1.
 *
 * @throws {DataError} if a cell holds anything else; the function throws it, and the message names file, line and
 * column
 */
export function readLabels(
  columns: CsvColumns,
  indices: readonly number[],
): (row: CsvRow) => ListedLabel[] {
  return ({ cells, line }) =>
    indices.map((index) => {
      const cell = cells[index]!.trim();
      if (cell === "") return NaN;
      const value = Number(cell);
      if (value === 1 || value === 0 || value === -1) return value;
      const where = `${columns.path}: line ${line}, column ${JSON.stringify(columns.names[index])}`;
      throw new DataError(`${where}: ${JSON.stringify(printable(cell))}, expected 1, 0, -1 or nothing`);
    });
}

/**
 * The names of the columns in a value of `--label_columns`: a list with commas, in which `first..last` stands for all
 * columns from `first` to `last`.
 *
 * @throws {DataError} if the table lacks an end of a range, or the range runs backwards
 */
export function labelColumns(columns: CsvColumns, text: string): string[] {
  const names = text.split(",").map((part) => part.trim()).filter((part) => part !== "").flatMap((part) => {
    const range = columns.has(part) ? null : /^(.+?)\s*\.\.\s*(.+)$/.exec(part);
    if (!range) return [part];
    const [first, last] = [columns.find(range[1]!), columns.find(range[2]!)];
    if (first > last) {
      throw new DataError(
        `${columns.path}: --label_columns ${part}: the first column comes after the last one`,
      );
    }
    return columns.names.slice(first, last + 1);
  });
  return [...new Set(names)];
}
