/** Several rows of a table about one image, such as a row for each box or for each radiologist. */

import { DataError } from "../errors.ts";
import { printable } from "../io/printable.ts";
import type { LabelCell } from "./labels.ts";
import type { Entry, ListedLabel, Split } from "./listing.ts";

/**
 * What several rows of one image mean: each label is the largest or the most frequent of them, or they are an error.
 */
export type RepeatedRows = "largest" | "majority" | "refuse";

/** A row of a table, before its labels are known. */
export interface TableRow {
  path: string;
  cells: readonly LabelCell[];
  line: number;
  patient?: string;
  view?: string;
  split?: Split;
}

/**
 * The entries of a table, one for each image, in the order of their first rows.
 *
 * @param labels the labels of a row's cells
 * @param note receives a line if an image has several rows
 * @throws {DataError} if rows of one image differ in patient, view or split, or are several although `rule` is "refuse"
 */
export function mergeRows(
  path: string,
  rows: readonly TableRow[],
  labels: (cells: readonly LabelCell[]) => readonly ListedLabel[],
  rule: RepeatedRows,
  note: (text: string) => void,
): Entry[] {
  const groups = new Map<string, TableRow[]>();
  for (const row of rows) {
    const group = groups.get(row.path);
    if (!group) groups.set(row.path, [row]);
    else {
      requireSameImage(path, group[0]!, row, rule);
      group.push(row);
    }
  }
  if (groups.size < rows.length) {
    const what = rule === "majority" ? "most frequent value in" : "largest value in";
    note(
      `${path}: ${rows.length} rows are about ${groups.size} images; a label is the ${what} an image's rows ` +
        "(1, then -1, 0 and nothing); --several_rows changes that",
    );
  }
  return [...groups.values()].map((group) => {
    const { path, patient, view, split } = group[0]!;
    const merged = mergeLabels(group.map(({ cells }) => labels(cells)), rule);
    return { path, labels: merged, patient, view, ...(split && { split }) };
  });
}

function requireSameImage(path: string, first: TableRow, row: TableRow, rule: RepeatedRows): void {
  const listed = printable(row.path, 200);
  if (rule === "refuse") {
    throw new DataError(`${path}: line ${row.line}: ${listed} is already on line ${first.line}`);
  }
  for (const name of ["patient", "view", "split"] as const) {
    if (row[name] === first[name]) continue;
    throw new DataError(
      `${path}: line ${row.line}: ${listed} has the ${name} ${JSON.stringify(row[name] ?? "")}, ` +
        `but ${JSON.stringify(first[name] ?? "")} on line ${first.line}`,
    );
  }
}

/** Labels from the weakest to the strongest. */
const strength = (label: ListedLabel) => Number.isNaN(label) ? 0 : label === 0 ? 1 : label === -1 ? 2 : 3;

function mergeLabels(rows: readonly (readonly ListedLabel[])[], rule: RepeatedRows): readonly ListedLabel[] {
  if (rows.length === 1) return rows[0]!;
  return rows[0]!.map((_, index) => {
    const values = rows.map((row) => row[index]!);
    return rule === "majority" ? mostFrequent(values) : strongest(values);
  });
}

function strongest(values: readonly ListedLabel[]): ListedLabel {
  return values.reduce((best, value) => strength(value) > strength(best) ? value : best);
}

/** The value of most rows that have one; the stronger of two that are equally frequent. */
function mostFrequent(values: readonly ListedLabel[]): ListedLabel {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return NaN;
  const count = (value: ListedLabel) => known.filter((other) => other === value).length;
  const most = Math.max(...known.map(count));
  return strongest(known.filter((value) => count(value) === most));
}
