/** The results of a benchmark run: rows from times, comparison with earlier results, the file of --json. */

import { DataError } from "../src/errors.ts";
import { fileError } from "../src/io/file_error.ts";
import { parseJson } from "../src/io/strict_json.ts";
import type { Spread } from "../src/metrics/spread.ts";
import type { BenchCase } from "./cases.ts";
import type { Comparison } from "./comparisons.ts";
import type { Ceilings, ComparisonRow, CostRow, KernelRow, StepRow } from "./rows.ts";

/** Everything that one run of the benchmark measured. */
export interface Results {
  format: typeof format;
  date: string;
  adapter: string;
  timestamps: boolean;
  versions: Readonly<Record<string, string>>;
  /** Undefined if only training steps were measured. */
  ceilings?: Ceilings;
  comparisons: ComparisonRow[];
  kernels: KernelRow[];
  steps: StepRow[];
  costs: CostRow[];
}

export const format = "vqray bench 2";
/** The same format without comparisons and costs. */
const formerFormat = "vqray bench 1";

/** Computes the rates of a case from its times, and how near they come to the ceilings. */
export function kernelRow(
  { name, variant, shape, count, flops, bytes }: BenchCase,
  size: number,
  batch: number,
  milliseconds: Spread,
  ceilings: Ceilings,
): KernelRow {
  const rate = (amount: number) => amount / milliseconds.median / 1e6;
  const [gigaflops, gigabytes] = [rate(flops), rate(bytes)];
  const [arithmetic, memory] = [gigaflops / ceilings.gigaflops, gigabytes / ceilings.gigabytes];
  const percent = 100 * Math.max(arithmetic, memory);
  const bound = arithmetic > memory ? "arithmetic" : "memory";
  return { name, variant, shape, count, size, batch, milliseconds, gigaflops, gigabytes, percent, bound };
}

/** Computes the rates of a kernel's best turn, and how near they come to the ceilings of the same turns. */
export function comparisonRow(
  { against, each: { name, variant, shape, flops, bytes } }: Comparison,
  milliseconds: Spread,
  ceilings: Ceilings,
): ComparisonRow {
  const [gigaflops, gigabytes] = [flops, bytes].map((amount) => amount / milliseconds.least / 1e6) as [
    number,
    number,
  ];
  const row = { name, variant, shape, against, milliseconds, gigaflops, gigabytes };
  if (against === "copy") return { ...row, percent: 100 * gigabytes / ceilings.gigabytes };
  const toProduct = gigaflops / ceilings.productGigaflops;
  return { ...row, percent: 100 * gigaflops / ceilings.gigaflops, toProduct };
}

/** How many times nearer to its ceiling a kernel comes than in earlier results; undefined if they lack it. */
export function comparisonSpeedup(row: ComparisonRow, old: Results | undefined): number | undefined {
  const before = old?.comparisons.find((other) => other.name === row.name && other.shape === row.shape);
  return before && row.percent / before.percent;
}

/** How many times faster a kernel is than in earlier results; undefined if they lack it. */
export function kernelSpeedup(row: KernelRow, old: Results | undefined): number | undefined {
  const before = old?.kernels.find((other) => other.name === row.name && other.shape === row.shape);
  return before && before.milliseconds.median / row.milliseconds.median;
}

/** How many times faster a training step is than in earlier results; undefined if they lack it. */
export function stepSpeedup(row: StepRow, old: Results | undefined): number | undefined {
  const before = old?.steps.find(({ model, size, batch, precision }) =>
    (model ?? "vqvae") === row.model && size === row.size && batch === row.batch &&
    (precision ?? "f32") === (row.precision ?? "f32")
  );
  return before && row.imagesPerSecond.median / before.imagesPerSecond.median;
}

/**
 * Reads the file that --json wrote.
 *
 * @throws {DataError} if the file cannot be read or holds something else
 */
export async function readResults(path: string): Promise<Results> {
  const bytes = await Deno.readFile(path).catch((error) => {
    throw fileError(path, "cannot read", error);
  });
  const results = parseJson(bytes, path) as (Omit<Partial<Results>, "format"> & { format?: string }) | null;
  if (results?.format !== format && results?.format !== formerFormat) {
    throw new DataError(`${path}: expected results that bench --json wrote ("format": "${format}")`);
  }
  return { comparisons: [], costs: [], ...results, format } as unknown as Results;
}
