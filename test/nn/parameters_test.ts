/** Parameter sets and initialisers. */

import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { elementCount, floatType } from "../../src/graph/layout.ts";
import {
  normalInitialiser,
  ParameterSet,
  uniformInitialiser,
  zeroInitialiser,
} from "../../src/nn/parameters.ts";

const type = floatType([64, 32, 4, 4], "taps_first");

Deno.test("a uniform initialiser draws evenly from ±1/√fan_in", () => {
  const values = uniformInitialiser(512)(type, 7);
  const bound = 1 / Math.sqrt(512);
  assertEquals(values.length, elementCount(type.shape));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  assert(low >= -bound && low < -0.999 * bound && high <= bound && high > 0.999 * bound);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  assertAlmostEquals(mean, 0, 4 * bound / Math.sqrt(3 * values.length));
  assertAlmostEquals(variance, bound ** 2 / 3, 0.02 * bound ** 2);
});

Deno.test("a normal initialiser draws with mean 0 and deviation 1", () => {
  const values = normalInitialiser(type, 7);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  assertAlmostEquals(mean, 0, 4 / Math.sqrt(values.length));
  assertAlmostEquals(variance, 1, 0.04);
  assertAlmostEquals(values.filter((value) => Math.abs(value) < 1).length / values.length, 0.6827, 0.01);
  assertEquals(zeroInitialiser(floatType([3]), 7), new Float32Array(3));
});

function sampleSet(keys: string[]): ParameterSet {
  const set = new ParameterSet();
  for (const key of keys) set.parameter(key, floatType([4, 3]), uniformInitialiser(3));
  set.buffer("codes", floatType([5]), normalInitialiser);
  return set;
}

Deno.test("initial values depend only on the seed and the key", () => {
  const first = sampleSet(["a", "b"]).initialValues(816);
  assertEquals([...first.keys()], ["a", "b", "codes"]);
  assertEquals(sampleSet(["a", "b"]).initialValues(816), first);
  const moved = sampleSet(["b", "c", "a"]).initialValues(816);
  for (const key of ["a", "b", "codes"]) assertEquals(moved.get(key), first.get(key), key);
  assertNotEquals(first.get("a"), first.get("b"));
  assertNotEquals(sampleSet(["a"]).initialValues(817).get("a"), first.get("a"));
});

Deno.test("tensors with the same random stream start equal", () => {
  const set = new ParameterSet();
  set.buffer("embed", floatType([7]), normalInitialiser);
  set.buffer("embed_avg", floatType([7]), normalInitialiser, "embed");
  const values = set.initialValues(1);
  assertEquals(values.get("embed_avg"), values.get("embed"));
});

Deno.test("a set holds parameters and buffers in the order of creation, and refuses a key twice", () => {
  const set = sampleSet(["b", "a"]);
  assertEquals(set.all.map(({ key }) => key), ["b", "a", "codes"]);
  assertEquals(set.parameters.map(({ key, tensor }) => [key, tensor.label, tensor.shape]), [
    ["b", "b", [4, 3]],
    ["a", "a", [4, 3]],
  ]);
  assertEquals(set.buffers.map(({ key }) => key), ["codes"]);
  assertThrows(
    () => set.parameter("codes", floatType([1]), zeroInitialiser),
    RangeError,
    "Cannot add codes twice",
  );
});
