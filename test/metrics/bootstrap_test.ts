/** Bootstrap intervals, compared with scikit-learn and NumPy. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { auroc } from "../../src/metrics/auroc.ts";
import {
  bootstrapAuroc,
  bootstrapRounds,
  meanRounds,
  percentileInterval,
} from "../../src/metrics/bootstrap.ts";
import { goldens, makeCase } from "./cases.ts";

const { seed, rounds } = goldens;

Deno.test("bootstrapAuroc equals scikit-learn and NumPy for the same draws", async (t) => {
  for (const golden of goldens.cases) {
    if (golden.auroc !== null && !golden.bootstrap) continue;
    await t.step(golden.name, () => {
      const { scores, labels } = makeCase(golden);
      const interval = bootstrapAuroc(scores, labels, { seed, rounds });
      if (!golden.bootstrap) return assertEquals(interval, null);
      assertAlmostEquals(interval!.low, golden.bootstrap.low, 1e-9);
      assertAlmostEquals(interval!.high, golden.bootstrap.high, 1e-9);
      const known = bootstrapRounds([{ scores, labels }], { seed, rounds })[0]!.filter((value) => value >= 0);
      assertEquals(known.length, golden.bootstrap.rounds);
    });
  }
});

Deno.test("bootstrapAuroc depends on the seed", () => {
  const { scores, labels } = makeCase(goldens.cases[0]!);
  const first = bootstrapAuroc(scores, labels, { seed: 1, rounds: 100 })!;
  assertEquals(bootstrapAuroc(scores, labels, { seed: 1, rounds: 100 }), first);
  assert(bootstrapAuroc(scores, labels, { seed: 2, rounds: 100 })!.low !== first.low);
  const measured = auroc(scores, labels)!;
  assert(first.low < measured && measured < first.high);
});

Deno.test("all classes share a round's draw; meanRounds leaves out classes without an AUROC", () => {
  const scores = [0.9, 0.1, 0.5, 0.3];
  const classes = [
    { scores, labels: [1, 0, 0, 1] },
    { scores, labels: [1, 0, 0, 1] },
    { scores, labels: [1, 1, NaN, 1] },
  ];
  const values = bootstrapRounds(classes, { seed, rounds: 50 });
  assertEquals(values[0], values[1]);
  assert(values[0]!.some(Number.isNaN) && values[0]!.some((value) => value > 0.5));
  assert(values[2]!.every(Number.isNaN));
  assertEquals([...meanRounds(values)], [...values[0]!]);
  const means = meanRounds([Float64Array.of(0.5, NaN, NaN), Float64Array.of(1, 0.25, NaN)]);
  assertEquals([...means], [0.75, 0.25, NaN]);
});

Deno.test("percentileInterval interpolates linearly and ignores NaN", () => {
  const values = Float64Array.from({ length: 41 }, (_, index) => 40 - index);
  assertEquals(percentileInterval(values), { low: 1, high: 39 });
  assertEquals(percentileInterval(Float64Array.of(NaN, 3)), { low: 3, high: 3 });
  assertEquals(percentileInterval(Float64Array.of(0, 1)), { low: 0.025, high: 0.975 });
  assertEquals(percentileInterval(Float64Array.of(NaN)), null);
});

Deno.test("bootstrapAuroc without rounds is null; classes of different lengths are refused", () => {
  assertEquals(bootstrapAuroc([0.1, 0.2], [0, 1], { seed, rounds: 0 }), null);
  const classes = [{ scores: [1, 2], labels: [0, 1] }, { scores: [1], labels: [0] }];
  assertThrows(() => bootstrapRounds(classes, { seed, rounds: 1 }), RangeError, "a score for every image");
});
