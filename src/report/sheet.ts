/** Contact sheets: pictures in named rows and columns, with a legend for error maps. */

import { encode } from "fast-png";
import { legendColors, legendMarks } from "./error_map.ts";
import type { Picture } from "./grid.ts";
import { svgToPng } from "./svg.ts";

/** The content of a sheet. */
export interface Sheet {
  title: string;
  /** The names of the columns. */
  columns: readonly string[];
  /** Each row has one picture per column; null leaves a cell empty. */
  rows: readonly { name: string; pictures: readonly (Picture | null)[] }[];
  /** The largest side at which a picture is shown, in pixels. Default: 512. */
  side?: number;
  /** The factor by which the differences in error maps are multiplied. If given, the sheet has a legend. */
  factor?: number;
}

// All sizes are in SVG units, of two pixels each.
const gap = 6;
const titleHeight = 28;
const headerHeight = 18;
const legendHeight = 44;
const legendWidth = 220;
/** The least width of a column, for its name. */
const minColumnWidth = 50;

/**
 * Draws a sheet. Small pictures are enlarged by an integer factor without smoothing; large ones are shrunk.
 *
 * @returns the bytes of a PNG file
 * @throws {RangeError} if a row does not have one picture or null for each column
 */
export async function renderSheet(sheet: Sheet): Promise<Uint8Array> {
  return await svgToPng(sheetSvg(sheet));
}

function sheetSvg({ title, columns, rows, factor, side = 512 }: Sheet): string {
  for (const { name, pictures } of rows) {
    if (pictures.length === columns.length) continue;
    throw new RangeError(`row "${name}" has ${pictures.length} pictures for ${columns.length} columns`);
  }
  const sizes = rows.flatMap(({ pictures }) => pictures.map((picture) => shownSize(picture, side)));
  const cell = {
    width: Math.max(
      minColumnWidth,
      ...columns.map((name) => 7 * name.length),
      ...sizes.map(({ width }) => width),
    ) +
      gap,
    height: Math.max(...sizes.map(({ height }) => height)) + gap,
  };
  const names = Math.max(...rows.map(({ name }) => 7 * name.length)) + gap;
  const top = titleHeight + headerHeight;
  const width = Math.max(names + columns.length * cell.width, 8 * title.length, legendWidth) + 2 * gap;
  const height = top + rows.length * cell.height + (factor === undefined ? 0 : legendHeight) + gap;
  const parts = [text(gap, 18, title, `font-size="14" font-weight="bold"`)];
  columns.forEach((column, index) => parts.push(text(gap + names + index * cell.width, top - 6, column)));
  rows.forEach(({ name, pictures }, row) => {
    const y = top + row * cell.height;
    parts.push(text(gap, y + 14, name));
    pictures.forEach((picture, column) => {
      if (picture) parts.push(image(picture, side, gap + names + column * cell.width, y));
    });
  });
  if (factor !== undefined) parts.push(legend(gap + names, height - legendHeight, factor));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `font-family="DejaVu Sans" font-size="11">${parts.join("")}</svg>`;
}

/** The factor by which a picture is enlarged; below 1 for large ones. */
function enlargement({ width, height }: Picture, side: number): number {
  const most = side / Math.max(width, height);
  return most >= 1 ? Math.floor(most) : most;
}

/** The size at which a picture is shown, in SVG units. */
function shownSize(picture: Picture | null, side: number): { width: number; height: number } {
  if (!picture) return { width: 0, height: 0 };
  const factor = enlargement(picture, side) / 2;
  return { width: picture.width * factor, height: picture.height * factor };
}

function image(picture: Picture, side: number, x: number, y: number): string {
  const { width, height } = shownSize(picture, side);
  const rendering = enlargement(picture, side) >= 1 ? "optimizeSpeed" : "optimizeQuality";
  return `<image x="${x}" y="${y}" width="${width}" height="${height}" image-rendering="${rendering}" ` +
    `href="${dataUrl(picture)}"/>`;
}

/** A picture as a `data:` URL of a PNG file. */
export function dataUrl({ width, height, channels, data }: Picture): string {
  return `data:image/png;base64,${encode({ width, height, channels, data, depth: 8 }).toBase64()}`;
}

function legend(x: number, y: number, factor: number): string {
  const stops = legendColors.map((color, index) =>
    `<stop offset="${index / (legendColors.length - 1)}" stop-color="${color}"/>`
  ).join("");
  const marks = legendMarks(factor).map(({ share, text: level }) =>
    text(x + share * legendWidth, y + 36, level, share === 0 ? "" : `text-anchor="middle"`)
  ).join("");
  return `<defs><linearGradient id="map">${stops}</linearGradient></defs>` +
    text(x, y + 10, `absolute difference (levels 0–255), shown × ${factor}`) +
    `<rect x="${x}" y="${y + 14}" width="${legendWidth}" height="10" fill="url(#map)"/>${marks}`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escapeMarkup(content)}</text>`;
}

/** Escapes text for SVG and HTML. */
export function escapeMarkup(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
