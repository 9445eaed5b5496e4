/** Groups a step's kernels by family: the operation and the kernels that it runs on, whatever their shapes. */

import type { FamilyRow, KernelRow } from "./rows.ts";

/** The families of some rows, longest total time first. */
export function familiesOf(rows: readonly KernelRow[]): FamilyRow[] {
  const groups = Map.groupBy(rows, (row) => `${operationOf(row)} ${kernelsOf(row)}`);
  return [...groups.values()].map(familyOf)
    .sort((first, second) => second.milliseconds - first.milliseconds);
}

function familyOf(rows: readonly KernelRow[]): FamilyRow {
  const timeOf = (row: KernelRow) => row.count * row.milliseconds.median;
  const sum = (value: (row: KernelRow) => number) => rows.reduce((total, row) => total + value(row), 0);
  const milliseconds = sum(timeOf);
  // Rates are averaged weighted by time, so that rate × time stays the total amount.
  const mean = (value: (row: KernelRow) => number) => sum((row) => value(row) * timeOf(row)) / milliseconds;
  return {
    operation: operationOf(rows[0]!),
    kernels: kernelsOf(rows[0]!),
    calls: sum(({ count }) => count),
    milliseconds,
    gigaflops: mean(({ gigaflops }) => gigaflops),
    gigabytes: mean(({ gigabytes }) => gigabytes),
    percent: mean(({ percent }) => percent),
    bound: mean(({ bound }) => bound === "arithmetic" ? 1 : 0) > 0.5 ? "arithmetic" : "memory",
  };
}

/** The first of the fused operations. */
function operationOf({ name }: KernelRow): string {
  return name.split("+")[0]!;
}

/** The kernels' names without constants and fused operations. */
function kernelsOf({ variant }: KernelRow): string {
  const names = variant.split(", ").map((label) => label.replace(/\[.*| .*/, ""));
  return [...new Set(names)].join(", ");
}
