/** Receiver operating characteristics as PNG files. */

import type { TopLevelSpec } from "vega-lite";
import type { RocCurve } from "../metrics/auroc.ts";
import { PALETTE, renderSpec } from "./curves.ts";

/** One curve, and the area under it. */
export interface RocLine {
  name: string;
  /** Null if there are not both positives and negatives. The legend then says so, and no curve is drawn. */
  auroc: number | null;
  curve: RocCurve | null;
}

/** One coordinate system. Lines with the same name have the same colour in all panels. */
export interface RocPanel {
  title: string;
  lines: readonly RocLine[];
}

/** A picture of one or several panels. */
export interface RocOptions {
  title: string;
  panels: readonly RocPanel[];
}

/** The side of a panel that is alone, and of one among several, in units of two pixels. */
const sides = { alone: 420, shared: 200 };
const maxColumns = 5;
/** The dash patterns of lines: solid first, the others when all colours are used. */
const dashes = [[1, 0], [6, 3], [2, 3]];
/** Points closer than this, as a share of the panel's side, are indistinguishable. */
const resolution = 0.002;

/**
 * Draws receiver operating characteristics, with the diagonal that random guessing would give. A single panel, such
 * as the classes of one classifier, has the areas in its legend. Several panels, such as one for each class with a
 * line for each classifier, share a legend and have the areas in their corners. Equal curves give equal bytes.
 *
 * @returns the bytes of a PNG file
 * @throws {RangeError} if there is no panel
 */
export async function renderRoc(options: RocOptions): Promise<Uint8Array> {
  return await renderSpec(rocSpec(options));
}

/**
 * The Vega-Lite specification of the curves.
 *
 * @throws {RangeError} if there is no panel
 */
export function rocSpec({ title, panels }: RocOptions): TopLevelSpec {
  if (panels.length === 0) throw new RangeError("a ROC picture needs at least one panel");
  const isAlone = panels.length === 1;
  const legend = [...new Set(panels.flatMap(({ lines }) => lines.map((line) => legendName(line, isAlone))))];
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: title, anchor: "start", fontSize: 18, offset: 18 },
    columns: Math.min(maxColumns, panels.length),
    bounds: "flush",
    spacing: { row: 96, column: 64 },
    concat: panels.map((panel) => panelSpec(panel, legend, isAlone)),
    resolve: { scale: { color: "shared", strokeDash: "shared" } },
  } as TopLevelSpec;
}

const noArea = "one label only";

function areaText({ auroc }: RocLine): string {
  return auroc === null ? noArea : auroc.toFixed(3);
}

/** The area comes before the name, so that areas are aligned in the legend. */
function legendName({ name, auroc }: RocLine, isAlone: boolean): string {
  if (!isAlone) return name;
  return auroc === null ? `${name}: ${noArea}` : `${auroc.toFixed(3)}  ${name}`;
}

function panelSpec({ title, lines }: RocPanel, legend: readonly string[], isAlone: boolean) {
  const side = isAlone ? sides.alone : sides.shared;
  const scales = {
    color: scale(legend, legend.map((_, index) => PALETTE[index % PALETTE.length]!)),
    strokeDash: scale(
      legend,
      legend.map((_, index) => dashes[Math.floor(index / PALETTE.length) % dashes.length]!),
    ),
  };
  const layer: object[] = [chanceLayer(), curvesLayer(lines, scales, isAlone)];
  if (!isAlone) layer.push(...lines.map((line, index) => areaLayer(line, index, lines.length, scales.color)));
  return { width: side, height: side, title: isAlone ? title : shortened(title), layer };
}

/** Shortens a title, because one that is wider than its panel would overlap the next title. */
function shortened(title: string): string {
  const longest = 27;
  return [...title].length > longest ? [...title].slice(0, longest - 1).join("") + "…" : title;
}

function scale(domain: readonly string[], range: readonly unknown[]) {
  return { domain, range };
}

function axis(title: string) {
  return {
    type: "quantitative",
    title,
    scale: { domain: [0, 1], nice: false },
    axis: { values: [0, 0.2, 0.4, 0.6, 0.8, 1], format: ".1f", labelFlush: false },
  };
}

function position() {
  return {
    x: { field: "x", ...axis("false positive rate") },
    y: { field: "y", ...axis("true positive rate") },
  };
}

function chanceLayer() {
  return {
    data: { values: [{ x: 0, y: 0 }, { x: 1, y: 1 }] },
    mark: { type: "line", color: "#a0aec0", strokeWidth: 1, strokeDash: [3, 3] },
    encoding: position(),
  };
}

function curvesLayer(
  lines: readonly RocLine[],
  scales: { color: object; strokeDash: object },
  isAlone: boolean,
) {
  const values = lines.flatMap((line) => {
    const name = legendName(line, isAlone);
    return line.curve ? thinned(line.curve).map(([x, y], order) => ({ x, y, order, name })) : [];
  });
  const title = isAlone ? "AUROC" : null;
  const legend = isAlone ? { orient: "right", labelLimit: 400 } : { orient: "bottom" };
  return {
    data: { values },
    mark: { type: "line" },
    encoding: {
      ...position(),
      // Without an order, points are sorted by x, which would scramble vertical parts.
      order: { field: "order", type: "quantitative" },
      color: { field: "name", type: "nominal", title, scale: scales.color, legend },
      strokeDash: {
        field: "name",
        type: "nominal",
        title,
        scale: scales.strokeDash,
        legend,
      },
    },
  };
}

/** The area in the lower right corner, in the line's colour. */
function areaLayer(line: RocLine, index: number, count: number, color: object) {
  return {
    data: {
      values: [{ x: 0.98, y: 0.05 + 0.08 * (count - 1 - index), name: line.name, text: areaText(line) }],
    },
    mark: { type: "text", align: "right", baseline: "middle", fontSize: 11 },
    encoding: {
      ...position(),
      text: { field: "text", type: "nominal" },
      color: { field: "name", type: "nominal", scale: color },
    },
  };
}

/** The points of a curve, without those that are indistinguishable from the previous one. */
function thinned({ falsePositiveRate, truePositiveRate }: RocCurve): [number, number][] {
  const kept: [number, number][] = [];
  for (const [index, x] of falsePositiveRate.entries()) {
    const y = truePositiveRate[index]!;
    const last = kept.at(-1);
    const isLast = index === falsePositiveRate.length - 1;
    if (!last || isLast || x - last[0] >= resolution || y - last[1] >= resolution) kept.push([x, y]);
  }
  return kept;
}
