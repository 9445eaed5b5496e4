import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ceilingsTable, kernelsTable, matches, stepsTable } from "../../bench/report.ts";
import {
  format,
  kernelRow,
  kernelSpeedup,
  readResults,
  type Results,
  stepSpeedup,
} from "../../bench/results.ts";
import { spreadOf } from "../../bench/timing.ts";
import { DataError } from "../../src/errors.ts";

const ceilings = { gigaflops: 100, gigabytes: 10, dispatchMicroseconds: 20, productGigaflops: 40 };
const about = { program: {}, outputs: [], group: 0, variant: "" };
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

Deno.test("median, least and most", () => {
  assertEquals(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assertEquals(spreadOf([4, 1, 2, 10]), { median: 3, least: 1, most: 10 });
  assertThrows(() => spreadOf([]), RangeError, "median of nothing");
});

Deno.test("a kernel is measured against the ceiling that it meets first", () => {
  const [first, second] = resultsOf(10, 1).kernels;
  assertEquals([first!.bound, second!.bound], ["arithmetic", "memory"]);
  assertAlmostEquals(first!.gigaflops, 40, 1e-9);
  assertAlmostEquals(first!.percent, 40, 1e-9);
  assertAlmostEquals(second!.gigabytes, 5, 1e-9);
  assertAlmostEquals(second!.percent, 50, 1e-9);
});

Deno.test("how much faster it is than before", () => {
  const [now, old] = [resultsOf(5, 60), resultsOf(10, 40)];
  assertEquals(kernelSpeedup(now.kernels[0]!, old), 2);
  assertEquals(stepSpeedup(now.steps[0]!, old), 1.5);
  assertEquals(kernelSpeedup({ ...now.kernels[0]!, shape: "another" }, old), undefined);
  assertEquals(stepSpeedup({ ...now.steps[0]!, batch: 9 }, old), undefined);
  assertEquals(kernelSpeedup(now.kernels[0]!, undefined), undefined);
});

Deno.test("tables: the longest first, the ratio only when asked for", () => {
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

Deno.test("a filter meets any part of a row, in any case, × as x", () => {
  assert(matches(undefined, "anything"));
  assert(matches("3X3", "conv2d", "64×64×3×3"));
  assert(!matches("adam", "conv2d", "64×64×3×3"));
});

Deno.test("results go into a file and come back", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/results.json`;
  const results = resultsOf(5, 60);
  await Deno.writeTextFile(path, JSON.stringify(results));
  assertEquals(await readResults(path), results);
  for (const text of ["{}", "[]", "null", "7", '{"format":"another"}', "not JSON"]) {
    await Deno.writeTextFile(path, text);
    await assertRejects(() => readResults(path), DataError, path);
  }
  await assertRejects(() => readResults(`${folder}/none.json`), DataError, "none.json: cannot read");
  await Deno.remove(folder, { recursive: true });
});
