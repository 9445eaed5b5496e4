/** Labels in the columns of a table: numbers, or words that name classes. */

import { DataError } from "../errors.ts";
import { printable } from "../io/printable.ts";
import { labelIn, wordsIn } from "./cells.ts";
import type { CsvColumns, CsvRow } from "./csv.ts";
import type { ListedLabel } from "./listing.ts";

/** A cell of a label column: a label, or the text of another cell. */
export type LabelCell = ListedLabel | string;

/** How the labels of a table are read: first the cells of each row, then, once all rows are known, the labels. */
export interface LabelSource {
  /** @throws {DataError} if a cell can be no label; the message names file, line and column */
  read(row: CsvRow): readonly LabelCell[];
  /**
   * The classes, and the function that makes labels, in the order of the classes, of a row's cells.
   *
   * @throws {DataError} if the cells of a column are neither labels nor words
   */
  finish(rows: readonly LabelRow[]): {
    classNames: readonly string[];
    labels(cells: readonly LabelCell[]): readonly ListedLabel[];
    notes: readonly string[];
  };
}

/** The cells of a row. */
export interface LabelRow {
  cells: readonly LabelCell[];
  line: number;
}

/** How words are understood. */
export interface WordOptions {
  /** Optional text between the words of a cell; default: `|` or `;` if a cell has it, otherwise a cell is one word. */
  label_separator?: string;
  /** Optional word that means that no class is present; default: "No Finding". */
  negative_label?: string;
}

/**
 * Labels in columns of numbers: a cell holds 1, 0, −1 (uncertain) or nothing, in any spelling of the number; see
 * `labelIn`.
 */
export function numberLabels(
  columns: CsvColumns,
  indices: readonly number[],
  classNames: readonly string[],
): LabelSource {
  const read = ({ cells, line }: CsvRow) =>
    indices.map((index) => {
      const label = labelIn(cells[index]!);
      if (label !== undefined) return label;
      throw labelError(columns, index, line, cells[index]!, "1, 0, -1 or nothing");
    });
  return {
    read,
    finish: () => ({ classNames, labels: (cells) => cells as readonly ListedLabel[], notes: [] }),
  };
}

/** No labels at all. */
export const noLabels: LabelSource = {
  read: () => [],
  finish: () => ({ classNames: [], labels: () => [], notes: [] }),
};

/** Labels in columns of numbers or words. A column of which a cell holds a word is a column of words. */
export function anyLabels(
  columns: CsvColumns,
  indices: readonly number[],
  options: WordOptions & { areClasses?: boolean } = {},
): LabelSource {
  return {
    read: ({ cells }) =>
      indices.map((index) => (options.areClasses ? undefined : labelIn(cells[index]!)) ?? cells[index]!),
    finish(rows) {
      const parts = indices.map((index, place) => columnOf(columns, index, place, rows, options));
      const isOnly = parts.length === 1;
      return {
        classNames: parts.flatMap(({ name, words }) =>
          words ? isOnly ? words : words.map((word) => `${name}: ${word}`) : [name]
        ),
        labels: (cells) => parts.flatMap(({ labels }, place) => labels(cells[place]!)),
        notes: parts.flatMap(({ note }) => note ?? []),
      };
    },
  };
}

/** Labels in one column of words of which the classes are known beforehand. */
export function knownWords(
  columns: CsvColumns,
  index: number,
  classNames: readonly string[],
  { label_separator: separator = "|", negative_label }: WordOptions,
): LabelSource {
  const places = new Map(classNames.map((name, place) => [name.toLowerCase(), place]));
  return {
    read: ({ cells, line }) => {
      const labels: number[] = classNames.map(() => 0);
      const words = wordsIn(cells[index]!, separator);
      if (words.length === 0) return classNames.map(() => NaN);
      for (const word of words) {
        const place = places.get(word.toLowerCase());
        if (place !== undefined) labels[place] = 1;
        else if (!isNegative(word, negative_label)) {
          throw labelError(columns, index, line, word, `one of ${classNames.join(", ")}, or No Finding`);
        }
      }
      return labels;
    },
    finish: () => ({ classNames, labels: (cells) => cells as readonly ListedLabel[], notes: [] }),
  };
}

interface LabelColumn {
  name: string;
  /** The classes if the column holds words. */
  words?: readonly string[];
  labels(cell: LabelCell): readonly ListedLabel[];
  note?: string;
}

/** If there are more classes, the words are probably names, dates or sentences. */
const maxClasses = 1000;

function columnOf(
  columns: CsvColumns,
  index: number,
  place: number,
  rows: readonly LabelRow[],
  options: WordOptions & { areClasses?: boolean },
): LabelColumn {
  const name = columns.names[index]!;
  const texts = rows.filter(({ cells }) => typeof cells[place] === "string");
  if (texts.length === 0) return { name, labels: (cell) => [cell as ListedLabel] };
  const number = options.areClasses
    ? undefined
    : texts.find(({ cells }) => Number.isFinite(Number(cells[place])));
  if (number) {
    const text = String(number.cells[place]).trim();
    throw labelError(columns, index, number.line, text, "1, 0, -1 or nothing");
  }
  const separator = options.label_separator ??
    ["|", ";"].find((mark) => texts.some(({ cells }) => String(cells[place]).includes(mark)));
  const found = (cell: LabelCell) => wordsIn(textOf(cell), separator);
  const distinct = [...new Set(rows.flatMap(({ cells }) => found(cells[place]!)))];
  const negative = distinct.filter((word) => isNegative(word, options.negative_label));
  const words = distinct.filter((word) => !negative.includes(word)).sort(inOrder);
  const where = `${columns.path}: column ${JSON.stringify(name)}`;
  if (words.length === 0 || words.length > maxClasses) {
    throw new DataError(
      `${where} holds ${words.length} different words, expected 1 to ${maxClasses} classes; ` +
        "if a cell holds several words, name the text between them with --label_separator",
    );
  }
  const places = new Map(words.map((word, place) => [word, place]));
  const labels = (cell: LabelCell) => {
    const own = found(cell);
    if (own.length === 0) return words.map(() => NaN);
    const row: number[] = words.map(() => 0);
    for (const word of own) if (places.has(word)) row[places.get(word)!] = 1;
    return row;
  };
  const shown = printable(words.slice(0, 20).join(", ") + (words.length > 20 ? ", …" : ""), 600);
  const none = negative.length > 0 ? `; ${negative.join(", ")} means none of them` : "";
  const note = `${where} holds words; ${
    words.length === 1 ? "its class is" : `its ${words.length} classes are`
  } ${shown}${none}`;
  return { name, words, labels, note };
}

/** The text of a cell that was read as a label. */
function textOf(cell: LabelCell): string {
  return typeof cell === "string" ? cell : Number.isNaN(cell) ? "" : String(cell);
}

/** Numbers by their size, then other words by their UTF-16 code units. */
function inOrder(one: string, other: string): number {
  const [first, second] = [Number(one), Number(other)];
  if (!Number.isNaN(first) && !Number.isNaN(second)) return first - second;
  return one < other ? -1 : one > other ? 1 : 0;
}

function isNegative(word: string, negative: string | undefined): boolean {
  return negative === undefined
    ? /^no[ _]findings?$/i.test(word)
    : word.toLowerCase() === negative.toLowerCase();
}

function labelError(
  columns: CsvColumns,
  index: number,
  line: number,
  cell: string,
  expected: string,
): DataError {
  const where = `${columns.path}: line ${line}, column ${JSON.stringify(columns.names[index])}`;
  return new DataError(`${where}: ${JSON.stringify(printable(cell.trim()))}, expected ${expected}`);
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
