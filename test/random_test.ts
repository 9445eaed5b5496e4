/** The expected numbers were computed with Python's integers. test/golden/hashing.py generates the same. */

import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import {
  joinKeys,
  keyOf,
  mix32,
  normalArray,
  permutation,
  randomBits,
  randomUniform,
  uniformArray,
} from "../src/random.ts";

const largest = 0xffffffff;

Deno.test("mix32, randomBits and joinKeys equal Python's results", () => {
  assertEquals([0, 1, 2, largest, 0x80000000].map(mix32), [0, 2261973619, 229111015, 2578835075, 3770504306]);
  assertEquals(
    [
      randomBits(0, 0),
      randomBits(0, 1),
      randomBits(816, 0),
      randomBits(816, 1),
      randomBits(largest, largest),
    ],
    [340428713, 59086105, 3732805579, 2372871776, 2293811855],
  );
  assertEquals(
    [joinKeys(0, 0), joinKeys(0, 1), joinKeys(1, 0), joinKeys(816, 3), joinKeys(largest, largest)],
    [1578615152, 1081961999, 3930841598, 372695845, 1309431664],
  );
});

Deno.test("keyOf is FNV-1a of the UTF-8 bytes", () => {
  assertEquals(
    ["", "a", "foobar", "enc_b.blocks.0.weight", "é"].map(keyOf),
    [2166136261, 3826002220, 3214735720, 3045387694, 513665217],
  );
});

Deno.test("arrays hold the numbers of consecutive counters", () => {
  assertEquals([0, 1, 2, 3].map((counter) => randomUniform(816, counter)), [
    0.8691114783287048,
    0.552477240562439,
    0.48339563608169556,
    0.1261245608329773,
  ]);
  assertEquals(
    uniformArray(816, 4, -2, 6),
    Float32Array.from([0, 1, 2, 3], (counter) => -2 + 8 * randomUniform(816, counter)),
  );
  const normal = normalArray(816, 3);
  [-1.9080026793288627, 0.8069353255242583, 0.5291935739434483].forEach((value, index) =>
    assertAlmostEquals(normal[index]!, value, 2e-7)
  );
  assertEquals(uniformArray(1, 1000, 0, 1).slice(0, 10), uniformArray(1, 10, 0, 1));
  assertEquals([uniformArray(1, 0, 0, 1).length, normalArray(1, 0).length], [0, 0]);
});

const count = 100_000;

Deno.test("uniform numbers are evenly distributed over [0, 1) and uncorrelated", () => {
  for (const key of [0, 816, largest]) {
    const values = uniformArray(key, count, 0, 1);
    assert(values.every((value) => value >= 0 && value < 1));
    const bins = new Array<number>(64).fill(0);
    for (const value of values) bins[Math.floor(64 * value)]!++;
    // Chi-squared with 63 degrees of freedom exceeds 115 once in 15,000 times.
    const expected = count / 64;
    const chiSquared = bins.reduce((sum, bin) => sum + (bin - expected) ** 2 / expected, 0);
    assert(chiSquared < 115, `${chiSquared}`);
    const product = values.reduce(
      (sum, value, index) => sum + (value - 0.5) * ((values[index + 1] ?? 0.5) - 0.5),
      0,
    );
    assertAlmostEquals(product / count, 0, 5 / 12 / Math.sqrt(count));
  }
});

Deno.test("streams of neighbouring keys are uncorrelated", () => {
  const [first, second] = [uniformArray(816, count, -1, 1), uniformArray(817, count, -1, 1)];
  const product = first.reduce((sum, value, index) => sum + value * second[index]!, 0);
  assertAlmostEquals(product / count, 0, 5 / 3 / Math.sqrt(count));
  const joined = new Set(Array.from({ length: 10_000 }, (_, epoch) => joinKeys(816, epoch)));
  assert(joined.size > 9_990);
  assertNotEquals(joinKeys(1, 2), joinKeys(2, 1));
});

Deno.test("normal numbers are finite and have the moments of a normal distribution", () => {
  const values = normalArray(816, count);
  assert(values.every(Number.isFinite));
  const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / count;
  assertAlmostEquals(moment(1), 0, 0.015);
  assertAlmostEquals(moment(2), 1, 0.02);
  assertAlmostEquals(moment(3), 0, 0.05);
  assertAlmostEquals(moment(4), 3, 0.15);
});

Deno.test("a permutation has every number once, depends on its key, and puts a number anywhere equally often", () => {
  assertEquals(permutation(816, 10), Uint32Array.of(3, 6, 1, 4, 0, 5, 9, 7, 8, 2));
  for (const length of [0, 1, 2, 1000]) {
    assertEquals(permutation(5, length).toSorted(), Uint32Array.from({ length }, (_, index) => index));
  }
  const places = new Array<number>(8).fill(0);
  for (let key = 0; key < 8000; key++) places[permutation(key, 8).indexOf(3)]!++;
  assert(places.every((times) => Math.abs(times - 1000) < 150), `${places}`);
});
