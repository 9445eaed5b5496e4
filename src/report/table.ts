/** A cell of a table: text, or a number as it prints; undefined and null are shown as "–". */
export type Cell = string | number | null | undefined;

/**
 * Lays out rows under a header as plain text for a terminal: columns padded to their widest cell, two spaces between
 * them, a rule under the header; a column that holds nothing but numbers is flush right. No line break at the end.
 *
 * @throws RangeError if a row has not as many cells as the header
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

/** Characters as a person counts them; none of ours is wider than one place. */
function widthOf(text: string): number {
  return [...text].length;
}
