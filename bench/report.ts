/** The tables that the benchmark prints. */

import { type Cell, textTable } from "../src/report/table.ts";
import {
  type Ceilings,
  type KernelRow,
  kernelSpeedup,
  type Results,
  type StepRow,
  stepSpeedup,
} from "./results.ts";

/** Whether rows with such words are wanted; × may be typed as x. */
export function matches(filter: string | undefined, ...words: string[]): boolean {
  const plain = (text: string) => text.toLowerCase().replaceAll("×", "x");
  return filter === undefined || plain(words.join(" ")).includes(plain(filter));
}

/** A number with `digits` digits behind the point. */
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

/** The kernels of one step, those that take most of it first, and what they take together. */
export function kernelsTable(kernels: readonly KernelRow[], old: Results | undefined): string {
  const whole = (row: KernelRow) => row.count * row.milliseconds.median;
  const sorted = kernels.toSorted((first, second) => whole(second) - whole(first));
  const sum = sorted.reduce((total, row) => total + whole(row), 0);
  const header = [
    "operations",
    "shapes",
    "calls",
    "ms each",
    "ms",
    "GFLOP/s",
    "GB/s",
    "% of ceiling",
    "which",
  ];
  const rows = sorted.map((row) => [
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
  const table = withSpeedups(header, rows, old && sorted.map((row) => kernelSpeedup(row, old)));
  return `${table}\ntogether ${fixed(sum, 1)} ms`;
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
): string {
  if (!speedups) return textTable(header, rows);
  return textTable([...header, "times faster"], rows.map((row, index) => [...row, ratio(speedups[index])]));
}
