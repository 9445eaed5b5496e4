/** The text tables that the benchmark prints. */

import { type Cell, textTable } from "../src/report/table.ts";
import { familiesOf } from "./families.ts";
import { comparisonSpeedup, kernelSpeedup, type Results, stepSpeedup } from "./results.ts";
import type { Ceilings, ComparisonRow, CostRow, KernelRow, StepRow } from "./rows.ts";

/** The table of kernels ends after this number of rows; the rest take little time. */
const mostRows = 40;

/** A number with `digits` decimal places. */
function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}

function ratio(speedup: number | undefined): string | undefined {
  return speedup === undefined ? undefined : fixed(speedup, 2);
}

export function ceilingsTable(now: Ceilings, old: Ceilings | undefined): string {
  const rows: [string, number, string, boolean][] = [
    ["multiply-add in registers", now.gigaflops, "GFLOP/s", true],
    ["copy, bytes read and written", now.gigabytes, "GB/s", true],
    ["product 512 × 512 × 512", now.productGigaflops, "GFLOP/s", true],
    ["a dispatch", now.dispatchMicroseconds, "µs", false],
  ];
  const before = old && [old.gigaflops, old.gigabytes, old.productGigaflops, old.dispatchMicroseconds];
  return withSpeedups(
    ["ceiling", "measured", "unit"],
    rows.map(([name, value, unit]) => [name, fixed(value, 1), unit]),
    before && rows.map(([, value, , more], index) => more ? value / before[index]! : before[index]! / value),
  );
}

/** Kernels compared with the ceilings that were timed in the same turns. */
export function comparisonsTable(rows: readonly ComparisonRow[], old: Results | undefined): string {
  return withSpeedups(
    ["operation", "shapes", "ms, best", "GFLOP/s", "GB/s", "% of ceiling", "ceiling", "to the product"],
    rows.map((row) => [
      row.name,
      row.shape,
      fixed(row.milliseconds.least, 3),
      fixed(row.gigaflops, 1),
      fixed(row.gigabytes, 2),
      fixed(row.percent, 0),
      row.against === "copy" ? "copy" : "multiply-add",
      ratio(row.toProduct),
    ]),
    old && rows.map((row) => comparisonSpeedup(row, old)),
    "times nearer",
  );
}

/** The kernels of one step, longest total time first, and the time of all of them. */
export function kernelsTable(kernels: readonly KernelRow[], old: Results | undefined): string {
  const whole = (row: KernelRow) => row.count * row.milliseconds.median;
  const sum = (rows: readonly KernelRow[]) => rows.reduce((total, row) => total + whole(row), 0);
  const sorted = kernels.toSorted((first, second) => whole(second) - whole(first));
  const [shown, rest] = [sorted.slice(0, mostRows), sorted.slice(mostRows)];
  const header = [
    "operations",
    "shapes",
    "calls",
    "ms each",
    "ms",
    "GFLOP/s",
    "GB/s",
    "% of ceiling",
    "ceiling",
  ];
  const rows = shown.map((row) => [
    row.name,
    row.shape,
    fixed(row.count, 0),
    fixed(row.milliseconds.median, 3),
    fixed(whole(row), 2),
    fixed(row.gigaflops, 1),
    fixed(row.gigabytes, 2),
    fixed(row.percent, 0),
    row.bound,
  ]);
  const table = withSpeedups(header, rows, old && shown.map((row) => kernelSpeedup(row, old)));
  const more = rest.length > 0 ? `${rest.length} more rows, ${fixed(sum(rest), 1)} ms; ` : "";
  return `${table}\n${more}together ${fixed(sum(sorted), 1)} ms`;
}

/** The same kernels grouped by operation and kernel, whatever the shapes. */
export function familiesTable(kernels: readonly KernelRow[]): string {
  return textTable(
    ["operation", "kernels", "calls", "ms", "GFLOP/s", "GB/s", "% of ceiling", "ceiling"],
    familiesOf(kernels).map((family) => [
      family.operation,
      family.kernels,
      family.calls,
      fixed(family.milliseconds, 2),
      fixed(family.gigaflops, 1),
      fixed(family.gigabytes, 2),
      fixed(family.percent, 0),
      family.bound,
    ]),
  );
}

/** The cost of a training image per pixel, and how it changes with batch and size. */
export function costsTable(costs: readonly CostRow[]): string {
  return textTable(
    ["model", "images", "batch", "ns a pixel", "to the smaller batch", "to the smaller side"],
    costs.map((row) => [
      row.model,
      `${row.size}×${row.size}`,
      row.batch,
      fixed(row.nanosecondsPerPixel, 1),
      ratio(row.toSmallerBatch),
      ratio(row.toSmallerSide),
    ]),
  );
}

export function stepsTable(steps: readonly StepRow[], old: Results | undefined): string {
  const header = [
    "model",
    "images",
    "batch",
    "images/s",
    "least",
    "most",
    "GFLOP/s",
    "dispatches",
    "pipelines",
    "planned MB",
    "first step s",
  ];
  const rows = steps.map((row) => [
    row.precision === "f16" ? `${row.model} f16` : row.model,
    `${row.size}×${row.size}`,
    fixed(row.batch, 0),
    fixed(row.imagesPerSecond.median, 2),
    fixed(row.imagesPerSecond.least, 2),
    fixed(row.imagesPerSecond.most, 2),
    fixed(row.gigaflops, 1),
    fixed(row.dispatches, 0),
    fixed(row.pipelines, 0),
    fixed(row.plannedBytes / 1e6, 1),
    fixed(row.firstStepMilliseconds / 1000, 2),
  ]);
  return withSpeedups(header, rows, old && steps.map((row) => stepSpeedup(row, old)));
}

function withSpeedups(
  header: string[],
  rows: Cell[][],
  speedups: (number | undefined)[] | undefined,
  title = "times faster",
): string {
  if (!speedups) return textTable(header, rows);
  return textTable([...header, title], rows.map((row, index) => [...row, ratio(speedups[index])]));
}
