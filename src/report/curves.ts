/** Line charts as PNG files. */

import type { TopLevelSpec } from "vega-lite";
import { svgToPng } from "./svg.ts";

/** A named line of [x, y] points. Points with a coordinate that is not finite are left out. */
export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

/** One coordinate system with its lines. */
export interface Panel {
  title: string;
  yLabel: string;
  series: readonly Series[];
  /** Makes the y axis logarithmic. Points at or below zero are then left out. */
  logScale?: boolean;
}

/** A picture of one or several panels. */
export interface CurvesOptions {
  title: string;
  panels: readonly Panel[];
  /** Default: "epoch". */
  xLabel?: string;
}

/** The size of a panel, in units of two pixels. */
const PANEL = { width: 380, height: 240 };
/** The colours of the lines in a panel; enough for fourteen classes and two phases. */
export const PALETTE = [
  "#2b6cb0",
  "#dd6b20",
  "#2f855a",
  "#b83280",
  "#6b46c1",
  "#718096",
  "#975a16",
  "#c53030",
  "#0bc5ea",
  "#d69e2e",
  "#f687b3",
  "#68d391",
  "#2d3748",
  "#90cdf4",
  "#b794f4",
  "#fc8181",
];
/** Lines with at most this many points get markers. Without a marker, a line of one point would be invisible. */
const MAX_MARKED_POINTS = 40;

/**
 * Draws line charts, such as losses by epoch. Panels are side by side and share one legend; series with the same name
 * have the same colour. Equal options give equal bytes.
 *
 * @returns the bytes of a PNG file
 * @throws {RangeError} if there is no panel
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const png = await renderCurves({
 *   title: "Training",
 *   panels: [{ title: "Loss", yLabel: "loss", series: [{ name: "train", points: [[1, 0.9], [2, 0.4]] }] }],
 * });
 * assertEquals([...png.subarray(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
 * ```
 */
export async function renderCurves(options: CurvesOptions): Promise<Uint8Array> {
  return await renderSpec(curvesSpec(options));
}

/**
 * Renders a Vega-Lite specification at two pixels per unit, with the font DejaVu Sans.
 *
 * @returns the bytes of a PNG file
 */
export async function renderSpec(spec: TopLevelSpec): Promise<Uint8Array> {
  // Loading takes a second, which commands that draw nothing should not pay.
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const { spec: compiled } = vegaLite.compile(spec, { config: STYLE });
  const view = new vega.View(vega.parse(compiled), { renderer: "none" });
  try {
    return await svgToPng(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/**
 * The Vega-Lite specification of line charts.
 *
 * @throws {RangeError} if there is no panel
 */
export function curvesSpec({ title, panels, xLabel = "epoch" }: CurvesOptions): TopLevelSpec {
  if (panels.length === 0) throw new RangeError("curves need at least one panel");
  const names = [...new Set(panels.flatMap((panel) => panel.series.map((series) => series.name)))];
  const color = { domain: names, range: names.map((_, index) => PALETTE[index % PALETTE.length]!) };
  const values = panels.map(valuesOf);
  const x = xEncoding(xLabel, values.flat().map((value) => value.x));
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: { text: title, anchor: "start", fontSize: 18, offset: 18 },
    columns: panels.length === 4 ? 2 : Math.min(3, panels.length),
    // Flush bounds align the panels' frames and titles regardless of their labels, for which the spacing leaves room.
    bounds: "flush",
    spacing: { row: 92, column: 92 },
    concat: panels.map((panel, index) => panelSpec(panel, values[index]!, x, color)),
    resolve: { scale: { color: "shared" } },
  };
}

interface Value {
  x: number;
  y: number;
  name: string;
}

function valuesOf({ series, logScale }: Panel): Value[] {
  const isShown = ({ x, y }: Value) => Number.isFinite(x) && Number.isFinite(y) && (!logScale || y > 0);
  return series.flatMap(({ name, points }) => points.map(([x, y]) => ({ x, y, name })).filter(isShown));
}

function panelSpec(
  panel: Panel,
  values: Value[],
  x: ReturnType<typeof xEncoding>,
  color: { domain: string[]; range: string[] },
) {
  const isMarked = panel.series.every(({ points }) => points.length <= MAX_MARKED_POINTS);
  const logDomain = panel.logScale ? paddedLogDomain(values.map((value) => value.y)) : undefined;
  return {
    ...PANEL,
    title: panel.title,
    data: { values },
    mark: { type: "line" as const, point: isMarked ? { size: 28, filled: true } : false },
    encoding: {
      x,
      y: {
        field: "y",
        type: "quantitative" as const,
        title: panel.yLabel,
        scale: logDomain
          ? { type: "log" as const, nice: false, domain: logDomain }
          : { zero: false, nice: true },
        axis: logDomain ? { values: logTicks(...logDomain), format: "~g" } : {},
      },
      color: {
        field: "name",
        type: "nominal" as const,
        title: null,
        scale: color,
        legend: { orient: "bottom" as const },
      },
    },
  };
}

/** The x axis, which all panels share. A single point is in its middle. */
function xEncoding(title: string, all: number[]) {
  const [low, high] = extent(all) ?? [0, 1];
  const domain = low === high ? [low - 1, high + 1] : [low, high];
  return {
    field: "x",
    type: "quantitative" as const,
    title,
    scale: { domain, nice: false, zero: false },
    axis: { tickMinStep: 1, tickCount: 8, grid: false, labelFlush: false },
  };
}

/** The range of a logarithmic axis. It is not extended to whole decades, which would leave most of a panel empty. */
function paddedLogDomain(all: number[]): [number, number] | undefined {
  const range = extent(all);
  if (range === undefined) return undefined;
  const padding = Math.max(1.1, (range[1] / range[0]) ** 0.06);
  return [range[0] / padding, range[1] * padding];
}

/**
 * The ticks of a logarithmic axis: 1, 2 and 5 in each decade; only powers of ten over more than four decades; and
 * evenly spaced ticks within less than 0.8 decades.
 */
export function logTicks(low: number, high: number): number[] {
  const within = (tick: number) => tick >= low && tick <= high;
  const decades = Math.log10(high / low);
  if (decades < 0.8) {
    const power = 10 ** Math.floor(Math.log10((high - low) / 4));
    const step = power * [1, 2, 5, 10].find((multiple) => (high - low) / (multiple * power) <= 6)!;
    const first = Math.ceil(low / step);
    return Array.from({ length: 8 }, (_, index) => round((first + index) * step)).filter(within);
  }
  const exponents = Array.from(
    { length: Math.ceil(decades) + 2 },
    (_, index) => Math.floor(Math.log10(low)) + index,
  );
  const multiples = decades > 4 ? [1] : [1, 2, 5];
  return exponents.flatMap((exponent) => multiples.map((multiple) => round(multiple * 10 ** exponent)))
    .filter(within);
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}

function extent(values: number[]): [number, number] | undefined {
  if (values.length === 0) return undefined;
  return [
    values.reduce((low, value) => Math.min(low, value), Infinity),
    values.reduce((high, value) => Math.max(high, value), -Infinity),
  ];
}

const TEXT = "#2d3748";
const FAINT = "#718096";

const STYLE = {
  font: "DejaVu Sans",
  background: "white",
  padding: 20,
  view: { stroke: null },
  title: { color: TEXT, fontSize: 13, anchor: "start" as const, frame: "group" as const, offset: 12 },
  line: { strokeWidth: 2, strokeJoin: "round" as const, strokeCap: "round" as const },
  axis: {
    labelColor: FAINT,
    labelFontSize: 11,
    titleColor: TEXT,
    titleFontSize: 11,
    titleFontWeight: "normal" as const,
    titlePadding: 8,
    domainColor: "#cbd5e0",
    tickColor: "#cbd5e0",
    gridColor: "#edf2f7",
  },
  legend: {
    labelColor: TEXT,
    labelFontSize: 12,
    symbolType: "stroke" as const,
    symbolStrokeWidth: 3,
    symbolSize: 300,
    columnPadding: 24,
  },
};
