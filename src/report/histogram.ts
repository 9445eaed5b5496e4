/** Histograms as PNG files. */

import type { TopLevelSpec } from "vega-lite";
import { PALETTE, renderSpec } from "./curves.ts";

/** One histogram. */
export interface HistogramPanel {
  title: string;
  /** The name of the values, with their unit. */
  xLabel: string;
  values: readonly number[];
}

/** A bar of a histogram: the number of values in [low, high). */
export interface Bin {
  low: number;
  high: number;
  count: number;
}

const binsWanted = 24;

/** Counts values in about two dozen bins of a round width. Equal values have one bin. */
export function binned(values: readonly number[]): Bin[] {
  const least = Math.min(...extremes(values)), most = Math.max(...extremes(values));
  if (values.length === 0) return [];
  const step = most > least ? roundStep((most - least) / binsWanted) : roundStep(Math.abs(most) / 100 || 1);
  const first = Math.floor(least / step);
  const bins: Bin[] = [];
  for (let index = first; index <= Math.floor(most / step); index++) {
    bins.push({ low: index * step, high: (index + 1) * step, count: 0 });
  }
  for (const value of values) bins[Math.floor(value / step) - first]!.count++;
  return bins;
}

function extremes(values: readonly number[]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}

/** The smallest of 1, 2 and 5 times a power of ten that is at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}

/**
 * Draws histograms side by side.
 *
 * @returns the bytes of a PNG file
 * @throws {RangeError} if a panel has no values
 */
export async function renderHistograms(panels: readonly HistogramPanel[]): Promise<Uint8Array> {
  return await renderSpec(histogramSpec(panels));
}

/**
 * The Vega-Lite specification of histograms.
 *
 * @throws {RangeError} if a panel has no values
 */
export function histogramSpec(panels: readonly HistogramPanel[]): TopLevelSpec {
  return {
    hconcat: panels.map(({ title, xLabel, values }, index) => {
      if (values.length === 0) throw new RangeError(`histogram "${title}" has no values`);
      return {
        title,
        width: 380,
        height: 200,
        data: { values: binned(values) },
        mark: { type: "bar", color: PALETTE[index % PALETTE.length]! },
        encoding: {
          x: {
            field: "low",
            type: "quantitative",
            title: xLabel,
            bin: { binned: true },
            scale: { zero: false },
          },
          x2: { field: "high" },
          y: { field: "count", type: "quantitative", title: "images" },
        },
      };
    }),
  } as TopLevelSpec;
}
