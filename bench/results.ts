/** What a run of the benchmark found, as it stands in the file that --json writes. */

import { DataError } from "../src/errors.ts";
import { fileError } from "../src/io/file_error.ts";
import { parseJson } from "../src/io/strict_json.ts";
import type { BenchCase } from "./cases.ts";
import type { FloatType } from "../src/graph/layout.ts";
import type { Comparison } from "./comparisons.ts";
import type { CostRow } from "./costs.ts";
import type { ModelName } from "./models.ts";
import type { Spread } from "./timing.ts";

/** What the adapter can do at best. */
export interface Ceilings {
  /** Multiply-adds in registers, each counted as two. */
  gigaflops: number;
  /** Bytes read and written by a copy, in 1e9 a second. */
  gigabytes: number;
  /** A dispatch that waits for the one before it. */
  dispatchMicroseconds: number;
  /** A product of two 512 × 512 matrices by the project's own convolution. */
  productGigaflops: number;
}

export interface KernelRow extends Pick<BenchCase, "name" | "variant" | "shape" | "count"> {
  size: number;
  batch: number;
  /** Of one call. */
  milliseconds: Spread;
  gigaflops: number;
  gigabytes: number;
  /** The time that the ceilings allow over the time that it took, in percent. Above 100 where a cache holds the data. */
  percent: number;
  /** Which ceiling that is. */
  bound: "arithmetic" | "memory";
}

/** A kernel that ought to come near a ceiling, in turns with it. Rates are those of its best turn. */
export interface ComparisonRow
  extends Pick<BenchCase, "name" | "variant" | "shape">, Pick<Comparison, "against"> {
  milliseconds: Spread;
  gigaflops: number;
  gigabytes: number;
  /** Of the copy's bytes a second, or of the multiply-adds', in percent. */
  percent: number;
  /** Its arithmetic a second over that of the product of 512 × 512 matrices; only where it is compared with arithmetic. */
  toProduct?: number;
}

export interface StepRow {
  model: ModelName;
  size: number;
  batch: number;
  /** Float32 where it is missing. */
  precision?: FloatType;
  imagesPerSecond: Spread;
  gigaflops: number;
  dispatches: number;
  pipelines: number;
  plannedBytes: number;
  /** From opening the adapter to the end of the first step: graph, plan, kernels compiled, weights made. */
  firstStepMilliseconds: number;
}

export interface Results {
  format: typeof format;
  date: string;
  adapter: string;
  timestamps: boolean;
  versions: Readonly<Record<string, string>>;
  /** Missing where only training steps were wanted. */
  ceilings?: Ceilings;
  comparisons: ComparisonRow[];
  kernels: KernelRow[];
  steps: StepRow[];
  costs: CostRow[];
}

export const format = "vqray bench 2";
/** The same without comparisons and costs. */
const formerFormat = "vqray bench 1";

/** Rates of a case from its time, and how near they come to the ceilings. */
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

/** Rates of a kernel's best turn, and what they are of the ceilings' in the same turns. */
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

/** How much nearer to its ceiling a kernel comes than the same one did; undefined where there was none. */
export function comparisonSpeedup(row: ComparisonRow, old: Results | undefined): number | undefined {
  const before = old?.comparisons.find((other) => other.name === row.name && other.shape === row.shape);
  return before && row.percent / before.percent;
}

/** How much faster a row is than the same one was; undefined where there was none. */
export function kernelSpeedup(row: KernelRow, old: Results | undefined): number | undefined {
  const before = old?.kernels.find((other) => other.name === row.name && other.shape === row.shape);
  return before && before.milliseconds.median / row.milliseconds.median;
}

/** How much faster a training step is than it was. */
export function stepSpeedup(row: StepRow, old: Results | undefined): number | undefined {
  const before = old?.steps.find(({ model, size, batch, precision }) =>
    (model ?? "vqvae") === row.model && size === row.size && batch === row.batch &&
    (precision ?? "f32") === (row.precision ?? "f32")
  );
  return before && row.imagesPerSecond.median / before.imagesPerSecond.median;
}

/** Reads what --json wrote; throws a DataError that names the file where it is something else. */
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
