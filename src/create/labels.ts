/** The cells of a table that hold labels. */

import { DataError } from "../errors.ts";
import { printable } from "../io/printable.ts";
import type { CsvColumns, CsvRow } from "./csv.ts";
import type { ListedLabel } from "./listing.ts";

/**
 * Reads the labels of a row from the columns at `places`: 1, 0, −1 for uncertain, or nothing, in any spelling of these numbers.
 *
 * @throws DataError naming the file, the line and the column
 */
export function readLabels(
  columns: CsvColumns,
  places: readonly number[],
): (row: CsvRow) => ListedLabel[] {
  return ({ cells, line }) =>
    places.map((place) => {
      const cell = cells[place]!.trim();
      if (cell === "") return NaN;
      const value = Number(cell);
      if (value === 1 || value === 0 || value === -1) return value;
      const where = `${columns.path}: line ${line}, column ${JSON.stringify(columns.names[place])}`;
      throw new DataError(`${where}: ${JSON.stringify(printable(cell))}, expected 1, 0, -1 or nothing`);
    });
}

/**
 * The columns that `text` means: names with commas between them, where `first..last` stands for all from one to another.
 *
 * @throws DataError if there is no such column
 */
export function labelColumns(columns: CsvColumns, text: string): string[] {
  const names = text.split(",").map((part) => part.trim()).filter((part) => part !== "").flatMap((part) => {
    const range = columns.has(part) ? null : /^(.+?)\s*\.\.\s*(.+)$/.exec(part);
    if (!range) return [part];
    const [first, last] = [columns.find(range[1]!), columns.find(range[2]!)];
    if (first > last) {
      throw new DataError(
        `${columns.path}: --label_columns ${part}: the first column stands behind the last one`,
      );
    }
    return columns.names.slice(first, last + 1);
  });
  return [...new Set(names)];
}
