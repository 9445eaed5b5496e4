/** The time of a step by operation. */

import { assertEquals } from "@std/assert";
import { operationShares, operationTable } from "../../src/report/operation_table.ts";

const works = [
  { operation: "add", milliseconds: 1, flops: 2e6, bytes: 4e6 },
  { operation: "conv2d", milliseconds: 4, flops: 8e9, bytes: 2e6 },
  { operation: "add", milliseconds: 2, flops: 1e6, bytes: 2e6 },
  { operation: "scale", milliseconds: 1, flops: 0, bytes: 0 },
];

Deno.test("operationShares adds up operations, longest first, with their rates", () => {
  assertEquals(operationShares(works), [
    {
      operation: "conv2d",
      calls: 1,
      milliseconds: 4,
      flops: 8e9,
      bytes: 2e6,
      share: 0.5,
      gigaflops: 2000,
      gigabytes: 0.5,
    },
    {
      operation: "add",
      calls: 2,
      milliseconds: 3,
      flops: 3e6,
      bytes: 6e6,
      share: 0.375,
      gigaflops: 1,
      gigabytes: 2,
    },
    {
      operation: "scale",
      calls: 1,
      milliseconds: 1,
      flops: 0,
      bytes: 0,
      share: 0.125,
      gigaflops: 0,
      gigabytes: 0,
    },
  ]);
  const [nothing] = operationShares([{ operation: "add", milliseconds: 0, flops: 1, bytes: 1 }]);
  assertEquals([nothing!.share, nothing!.gigaflops, nothing!.gigabytes], [0, 0, 0]);
});

Deno.test("operationTable has a row for each operation", () => {
  assertEquals(
    operationTable(operationShares(works)),
    `operation  calls    ms  share  GFLOP/s  GB/s
─────────  ─────  ────  ─────  ───────  ────
conv2d         1  4.00  50.0%   2000.0   0.5
add            2  3.00  37.5%      1.0   2.0
scale          1  1.00  12.5%      0.0   0.0`,
  );
});
