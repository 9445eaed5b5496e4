/** The time of a step by operation. */

import { textTable } from "./table.ts";

/** The work of one or several dispatches. */
export interface Work {
  operation: string;
  milliseconds: number;
  /** Floating-point operations. */
  flops: number;
  /** Bytes read and written, at least. */
  bytes: number;
}

/** The work of all dispatches of one operation. */
export interface OperationShare extends Work {
  calls: number;
  /** The share of the time of all operations, from 0 to 1. */
  share: number;
  /** GFLOP/s. */
  gigaflops: number;
  /** GB/s. */
  gigabytes: number;
}

/** Adds up work by operation. The operation that takes longest comes first. */
export function operationShares(works: readonly Work[]): OperationShare[] {
  const sums = new Map<string, Work & { calls: number }>();
  for (const { operation, milliseconds, flops, bytes } of works) {
    const sum = sums.get(operation) ?? { operation, calls: 0, milliseconds: 0, flops: 0, bytes: 0 };
    sum.calls++;
    sum.milliseconds += milliseconds;
    sum.flops += flops;
    sum.bytes += bytes;
    sums.set(operation, sum);
  }
  const whole = works.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return [...sums.values()].map((sum) => ({
    ...sum,
    share: whole > 0 ? sum.milliseconds / whole : 0,
    gigaflops: rate(sum.flops, sum.milliseconds),
    gigabytes: rate(sum.bytes, sum.milliseconds),
  })).sort((first, second) => second.milliseconds - first.milliseconds);
}

/** Converts a count in some milliseconds to billions per second; 0 if no time was measured. */
function rate(count: number, milliseconds: number): number {
  return milliseconds > 0 ? count / milliseconds / 1e6 : 0;
}

/** A text table with a row for each operation. */
export function operationTable(shares: readonly OperationShare[]): string {
  return textTable(
    ["operation", "calls", "ms", "share", "GFLOP/s", "GB/s"],
    shares.map(({ operation, calls, milliseconds, share, gigaflops, gigabytes }) => [
      operation,
      calls,
      milliseconds.toFixed(2),
      `${(100 * share).toFixed(1)}%`,
      gigaflops.toFixed(1),
      gigabytes.toFixed(1),
    ]),
  );
}
