/** Text tables for a terminal. */

/** A cell of a table. Undefined and null are shown as "–". */
export type Cell = string | number | null | undefined;

/**
 * Formats rows as a table with a header and a rule below it. Columns are as wide as their widest cell and two spaces
 * apart. A column of nothing but numbers is aligned right, any other left. The text does not end in a line break.
 *
 * @throws {RangeError} if a row does not have as many cells as the header
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   textTable(["class", "AUROC"], [["Edema", 0.84], ["Fracture", null]]),
 *   [
 *     "class     AUROC",
 *     "────────  ─────",
 *     "Edema      0.84",
 *     "Fracture      –",
 *   ].join("\n"),
 * );
 * ```
 */
export function textTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  for (const row of rows) {
    if (row.length !== header.length) {
      throw new RangeError(`a row of ${row.length} cells does not fit a header of ${header.length}`);
    }
  }
  const columns = header.map((title, index) => layOut(title, rows.map((row) => row[index])));
  const lines = ["", "", ...rows].map((_, line) => columns.map((cells) => cells[line]).join("  ").trimEnd());
  return lines.join("\n");
}

function layOut(title: string, cells: Cell[]): string[] {
  const texts = cells.map((cell) => cell === null || cell === undefined ? "–" : String(cell));
  const width = Math.max(widthOf(title), ...texts.map(widthOf));
  const flushRight = texts.length > 0 &&
    texts.every((text) => /^(–|[-−+]?[\d.,]+(e[-+]?\d+)?\s*%?|NaN|-?Infinity)$/.test(text));
  const pad = (text: string) => {
    const space = " ".repeat(width - widthOf(text));
    return flushRight ? space + text : text + space;
  };
  return [pad(title), "─".repeat(width), ...texts.map(pad)];
}

/** The width in characters, assuming that none of them is wider than one column of the terminal. */
function widthOf(text: string): number {
  return [...text].length;
}
