/** Rows, tables and the file of results. */

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { costsOf } from "../../bench/costs.ts";
import { familiesOf } from "../../bench/families.ts";
import { matches, wantsSection } from "../../bench/filter.ts";
import {
  ceilingsTable,
  comparisonsTable,
  costsTable,
  familiesTable,
  kernelsTable,
  stepsTable,
} from "../../bench/report.ts";
import {
  comparisonRow,
  format,
  kernelRow,
  kernelSpeedup,
  readResults,
  type Results,
  stepSpeedup,
} from "../../bench/results.ts";
import { spreadOf } from "../../bench/timing.ts";
import { DataError } from "../../src/errors.ts";
import { softwareTarget } from "../plan/targets.ts";

const ceilings = { gigaflops: 100, gigabytes: 10, dispatchMicroseconds: 20, productGigaflops: 40 };
const about = { program: {}, outputs: [], group: 0, variant: "", target: softwareTarget };
const heavy = { ...about, name: "conv2d", shape: "1×2×3×4 → 1×2×3×4", count: 3, flops: 4e8, bytes: 1e6 };
const light = { ...about, name: "adam", shape: "8 → 8", count: 1, flops: 1e6, bytes: 5e7 };

function resultsOf(milliseconds: number, rate: number): Results {
  const spread = spreadOf([milliseconds]);
  return {
    format,
    date: "2026-11-23T00:00:00.000Z",
    adapter: "an adapter",
    timestamps: true,
    versions: {},
    ceilings,
    comparisons: [],
    costs: [],
    kernels: [kernelRow(heavy, 32, 8, spread, ceilings), kernelRow(light, 32, 8, spread, ceilings)],
    steps: [{
      model: "vqvae",
      size: 32,
      batch: 8,
      imagesPerSecond: spreadOf([rate]),
      gigaflops: 1,
      dispatches: 175,
      pipelines: 32,
      plannedBytes: 3e7,
      firstStepMilliseconds: 900,
    }],
  };
}

Deno.test("spreadOf gives median, least and most", () => {
  assertEquals(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assertEquals(spreadOf([4, 1, 2, 10]), { median: 3, least: 1, most: 10 });
  assertThrows(() => spreadOf([]), RangeError, "median of nothing");
});

Deno.test("kernelRow compares a kernel with the ceiling that it reaches first", () => {
  const [first, second] = resultsOf(10, 1).kernels;
  assertEquals([first!.bound, second!.bound], ["arithmetic", "memory"]);
  assertAlmostEquals(first!.gigaflops, 40, 1e-9);
  assertAlmostEquals(first!.percent, 40, 1e-9);
  assertAlmostEquals(second!.gigabytes, 5, 1e-9);
  assertAlmostEquals(second!.percent, 50, 1e-9);
});

Deno.test("speedups compare a row with the same row of earlier results", () => {
  const [now, old] = [resultsOf(5, 60), resultsOf(10, 40)];
  assertEquals(kernelSpeedup(now.kernels[0]!, old), 2);
  assertEquals(stepSpeedup(now.steps[0]!, old), 1.5);
  assertEquals(kernelSpeedup({ ...now.kernels[0]!, shape: "another" }, old), undefined);
  assertEquals(stepSpeedup({ ...now.steps[0]!, batch: 9 }, old), undefined);
  assertEquals(kernelSpeedup(now.kernels[0]!, undefined), undefined);
});

Deno.test("tables list the longest rows first, and speedups only if there are earlier results", () => {
  const [now, old] = [resultsOf(5, 60), resultsOf(10, 40)];
  const lines = kernelsTable(now.kernels.toReversed(), old).split("\n");
  assert(lines[0]!.endsWith("times faster"));
  assert(lines[2]!.startsWith("conv2d") && lines[2]!.endsWith("2.00"), lines[2]);
  assertEquals(lines.at(-1), "together 20.0 ms");
  assert(!kernelsTable(now.kernels, undefined).includes("times faster"));
  assert(stepsTable(now.steps, old).endsWith("1.50"));
  const halved = { ...ceilings, gigaflops: 50, dispatchMicroseconds: 40 };
  const ratios = ceilingsTable(ceilings, halved).split("\n").slice(2).map((line) => line.split(/\s+/).at(-1));
  assertEquals(ratios, ["2.00", "1.00", "1.00", "2.00"]);
});

Deno.test("a long table of kernels ends with a summary of the other rows", () => {
  const rows = Array.from({ length: 43 }, (_, index) => {
    const kernel = { ...light, shape: `${index}` };
    return kernelRow(kernel, 32, 8, spreadOf([100 - index]), ceilings);
  });
  const lines = kernelsTable(rows, undefined).split("\n");
  assertEquals(lines.length, 2 + 40 + 1);
  assertEquals(lines.at(-1), "3 more rows, 177.0 ms; together 3397.0 ms");
});

Deno.test("familiesOf lists the longest family first and averages rates by time", () => {
  const row = (name: string, variant: string, milliseconds: number) =>
    kernelRow({ ...heavy, name, variant }, 32, 8, spreadOf([milliseconds]), ceilings);
  const tile = "conv2d_subgroup[LANES=8 ROWS=4]";
  const families = familiesOf([
    row("adam", "adam", 1),
    row("conv2d", tile, 8),
    row("conv2d+relu", `${tile} +relu`, 8),
    row("conv2d+relu", "conv2d_subgroup[LANES=8 ROWS=1] +relu", 4),
    row("conv2d_weight_gradient", `${tile}, sum_partials`, 1),
  ]);
  assertEquals(
    families.map(({ operation, kernels, calls, milliseconds }) => [operation, kernels, calls, milliseconds]),
    [
      ["conv2d", "conv2d_subgroup", 9, 60],
      ["adam", "adam", 3, 3],
      ["conv2d_weight_gradient", "conv2d_subgroup, sum_partials", 3, 3],
    ],
  );
  // 9 calls of 0.4 GFLOP in 60 ms.
  assertAlmostEquals(families[0]!.gigaflops, 60, 1e-9);
  assertAlmostEquals(families[0]!.percent, 60, 1e-9);
  assertEquals(families[0]!.bound, "arithmetic");
  assert(
    familiesTable([row("conv2d", tile, 8)]).split("\n")[2]!.startsWith("conv2d     conv2d_subgroup      3"),
  );
});

Deno.test("costsOf compares the time of a pixel with the next smaller batch and side", () => {
  const [step] = resultsOf(5, 100).steps;
  const at = (size: number, batch: number, rate: number) => ({
    ...step!,
    size,
    batch,
    imagesPerSecond: { median: rate / 2, least: rate / 3, most: rate },
  });
  const costs = costsOf([at(64, 32, 25), at(32, 8, 100), at(32, 32, 125), at(64, 8, 20)]);
  assertEquals(costs.map(({ size, batch }) => [size, batch]), [[32, 8], [32, 32], [64, 8], [64, 32]]);
  assertAlmostEquals(costs[0]!.nanosecondsPerPixel, 1e9 / 100 / 1024, 1e-6);
  assertEquals([costs[0]!.toSmallerBatch, costs[0]!.toSmallerSide], [undefined, undefined]);
  assertAlmostEquals(costs[1]!.toSmallerBatch!, 0.8, 1e-9);
  assertAlmostEquals(costs[2]!.toSmallerSide!, 1.25, 1e-9);
  assertAlmostEquals(costs[3]!.toSmallerBatch!, 0.8, 1e-9);
  assertAlmostEquals(costs[3]!.toSmallerSide!, 1.25, 1e-9);
  const lines = costsTable(costs).split("\n");
  assert(/^vqvae +32×32 +8 +9765\.6 +– +–$/.test(lines[2]!), lines[2]);
  assert(/^vqvae +64×64 +32 +9765\.6 +0\.80 +1\.25$/.test(lines[5]!), lines[5]);
});

Deno.test("comparisonRow compares streaming with the copy, arithmetic with multiply-adds and the product", () => {
  const spread = { median: 20, least: 10, most: 30 };
  const streamed = comparisonRow({ against: "copy", each: { ...light, flops: 1 } }, spread, ceilings);
  assertAlmostEquals(streamed.percent, 50, 1e-9);
  assertEquals(streamed.toProduct, undefined);
  const computed = comparisonRow({ against: "arithmetic", each: heavy }, spread, ceilings);
  assertAlmostEquals(computed.percent, 40, 1e-9);
  assertAlmostEquals(computed.toProduct!, 1, 1e-9);
  const old = { ...resultsOf(1, 1), comparisons: [{ ...computed, percent: 20 }] };
  const lines = comparisonsTable([streamed, computed], old).split("\n");
  assert(/ copy +– +–$/.test(lines[2]!), lines[2]);
  assert(/ multiply-add +1\.00 +2\.00$/.test(lines[3]!), lines[3]);
});

Deno.test("a filter matches any part of a row, ignores case, and takes x for ×", () => {
  assert(matches(undefined, "anything"));
  assert(matches("3X3", "conv2d", "64×64×3×3"));
  assert(!matches("adam", "conv2d", "64×64×3×3"));
});

Deno.test("a filter that names a section excludes the others", () => {
  const wanted = (filter: string | undefined) =>
    (["ceiling", "kernel", "step"] as const).filter((section) => wantsSection(filter, section));
  assertEquals(wanted(undefined), ["ceiling", "kernel", "step"]);
  assertEquals(wanted("adam"), ["ceiling", "kernel", "step"]);
  assertEquals(wanted("Ceiling"), ["ceiling"]);
  assertEquals(wanted("kernel"), ["kernel"]);
  assertEquals(wanted("step 32x32"), ["step"]);
  assertEquals(wanted("32×32 batch 8"), ["step"]);
});

Deno.test("readResults reads what --json wrote, also in the earlier format", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/results.json`;
  const results = resultsOf(5, 60);
  await Deno.writeTextFile(path, JSON.stringify(results));
  assertEquals(await readResults(path), results);
  // The earlier format has no comparisons and costs.
  const { comparisons: _, costs: __, ...former } = results;
  await Deno.writeTextFile(path, JSON.stringify({ ...former, format: "vqray bench 1" }));
  assertEquals(await readResults(path), results);
  for (const text of ["{}", "[]", "null", "7", '{"format":"another"}', "not JSON"]) {
    await Deno.writeTextFile(path, text);
    await assertRejects(() => readResults(path), DataError, path);
  }
  await assertRejects(() => readResults(`${folder}/none.json`), DataError, "none.json: cannot read");
  await Deno.remove(folder, { recursive: true });
});
