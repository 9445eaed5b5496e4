/** The meaning of a table's cells, as pandas, spreadsheets and published tables write them. */

import type { ListedLabel } from "./listing.ts";

/** How pandas, R and databases write a missing value. */
const blankWords: ReadonlySet<string> = new Set([
  "",
  "nan",
  "na",
  "n/a",
  "#n/a",
  "<na>",
  "null",
  "none",
  "nat",
]);
const trueWords: ReadonlySet<string> = new Set(["true", "yes"]);
const falseWords: ReadonlySet<string> = new Set(["false", "no"]);

/** Whether a cell holds nothing. */
export function isBlank(cell: string): boolean {
  return blankWords.has(cell.trim().toLowerCase());
}

/**
 * The label in a cell: 1, 0, −1 in any spelling of the number, True or False, NaN for nothing; undefined for anything
 * else.
 */
export function labelIn(cell: string): ListedLabel | undefined {
  const text = cell.trim().toLowerCase();
  if (blankWords.has(text)) return NaN;
  if (trueWords.has(text)) return 1;
  if (falseWords.has(text)) return 0;
  const value = Number(text);
  return value === 1 || value === 0 || value === -1 ? value + 0 : undefined;
}

/** A path with slashes, without `./` at its start: tables from Windows have backslashes. */
export function pathIn(cell: string): string {
  return cell.trim().replaceAll("\\", "/").replace(/^(\.\/+)+/, "");
}

/**
 * The words in a cell: those of a Python list such as `['a', 'b']`, or those between separators. Blanks are left out.
 */
export function wordsIn(cell: string, separator: string | undefined): string[] {
  const text = cell.trim();
  const list = /^\[(.*)\]$/s.exec(text)?.[1];
  const quoted = list === undefined ? [] : [...list.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g)];
  const parts = quoted.length > 0
    ? quoted.map(([, single, double]) => (single ?? double)!)
    : list !== undefined
    ? list.split(",")
    : separator === undefined
    ? [text]
    : text.split(separator);
  const words = parts.map((part) => part.replace(/\s+/g, " ").trim()).filter((part) => !isBlank(part));
  return [...new Set(words)];
}
