/** Reports as self-contained HTML files: pictures are embedded, and the page is not allowed to load anything. */

import { legendColors, legendMarks } from "./error_map.ts";
import { escapeMarkup } from "./sheet.ts";
import type { Cell } from "./table.ts";

/** A picture with its caption. */
export interface ReportFigure {
  caption: string;
  /** A `data:` URL. */
  source: string;
  /**
   * Shows the picture at its own size, at most as wide as the page. Default: it shares the row equally, without
   * smoothing.
   */
  isWide?: boolean;
}

/** A section: its parts appear in the order of these members. */
export interface ReportSection {
  heading: string;
  paragraphs?: readonly string[];
  tables?: readonly { header: readonly string[]; rows: readonly (readonly Cell[])[] }[];
  /** Rows of pictures. */
  figures?: readonly (readonly ReportFigure[])[];
  /** The factor by which the differences in error maps are multiplied. If given, the section ends with a legend. */
  factor?: number;
}

/** The content of a report. */
export interface Report {
  title: string;
  paragraphs: readonly string[];
  sections: readonly ReportSection[];
}

const style = `
body { font: 15px/1.5 "DejaVu Sans", system-ui, sans-serif; color: #1a202c; background: #fff; max-width: 70rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-bottom: 1px solid #cbd5e0; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid #e2e8f0; }
td { white-space: nowrap; } th:first-child, td:first-child { text-align: left; } th { font-weight: 600; }
.scroll { overflow-x: auto; } .row { display: flex; gap: 1rem; margin: 1rem 0; }
figure { margin: 0; flex: 1; min-width: 0; } figure img { width: 100%; image-rendering: pixelated; display: block; }
figure.wide img { width: auto; max-width: 100%; image-rendering: auto; }
figcaption { font-size: .85rem; color: #4a5568; }
.legend { width: 20rem; font-size: .85rem; } .legend .bar { height: .8rem; }
.legend .marks { display: flex; justify-content: space-between; }
`;

/**
 * The text of an HTML file. All texts are escaped.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 *
 * const html = renderReport({
 *   title: "Codec <small>",
 *   paragraphs: ["Measured on 150 images."],
 *   sections: [{ heading: "Quality", tables: [{ header: ["PSNR"], rows: [[28.4]] }] }],
 * });
 * assertStringIncludes(html, "<h1>Codec &lt;small&gt;</h1>");
 * ```
 */
export function renderReport({ title, paragraphs, sections }: Report): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">` +
    `<title>${escapeMarkup(title)}</title><style>${style}</style>`;
  const body = [`<h1>${escapeMarkup(title)}</h1>`, ...paragraphs.map(paragraph), ...sections.map(section)];
  return `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body>\n${
    body.join("\n")
  }\n</body></html>\n`;
}

function section({ heading, paragraphs = [], tables = [], figures = [], factor }: ReportSection): string {
  return [
    `<h2>${escapeMarkup(heading)}</h2>`,
    ...paragraphs.map(paragraph),
    ...tables.map(({ header, rows }) => table(header, rows)),
    ...figures.map((row) => `<div class="row">${row.map(figure).join("")}</div>`),
    ...(factor === undefined ? [] : [legend(factor)]),
  ].join("\n");
}

function paragraph(text: string): string {
  return `<p>${escapeMarkup(text)}</p>`;
}

function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[], tag: "th" | "td") =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeMarkup(String(cell ?? "–"))}</${tag}>`).join("")}</tr>`;
  return `<div class="scroll"><table>${line(header, "th")}${
    rows.map((row) => line(row, "td")).join("")
  }</table></div>`;
}

function figure({ caption, source, isWide }: ReportFigure): string {
  const text = escapeMarkup(caption);
  return `<figure${isWide ? ` class="wide"` : ""}><img src="${source}" alt="${text}">` +
    `<figcaption>${text}</figcaption></figure>`;
}

function legend(factor: number): string {
  const marks = legendMarks(factor).map(({ text }) => `<span>${text}</span>`).join("");
  return `<div class="legend">error map: absolute difference (levels 0–255), shown × ${factor}` +
    `<div class="bar" style="background: linear-gradient(to right, ${legendColors.join(", ")})"></div>` +
    `<div class="marks">${marks}</div></div>`;
}
