/** The order of elements in memory. */

import { assertEquals } from "@std/assert";
import {
  divideUp,
  elementCount,
  floatType,
  type Layout,
  pack,
  roundUp,
  type Shape,
  storedBytes,
  storedCount,
  unpack,
} from "../../src/graph/layout.ts";

/** 1, 2, 3, …: no value equals the padding's zero. */
function counted(shape: Shape): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: elementCount(shape) }, (_, index) => index + 1);
}

const types: [Layout, number[], number][] = [
  ["flat", [], 4],
  ["flat", [1], 4],
  ["flat", [4], 4],
  ["flat", [3, 3], 12],
  ["flat", [2, 0], 0],
  ["channels_last", [1, 1, 1, 1], 4],
  ["channels_last", [2, 3, 5, 7], 2 * 5 * 7 * 4],
  ["channels_last", [1, 33, 2, 2], 4 * 36],
  ["channels_last", [3, 8, 1, 4], 3 * 8 * 4],
  ["taps_first", [1, 1, 1, 1], 16],
  ["taps_first", [5, 3, 3, 2], 8 * 4 * 6],
  ["taps_first", [4, 8, 4, 4], 4 * 8 * 16],
  ["codes_first", [1, 1], 4],
  ["codes_first", [5, 3], 3 * 8],
  ["codes_first", [64, 512], 64 * 512],
];

for (const [layout, shape, count] of types) {
  Deno.test(`${layout} [${shape}]: takes ${count} elements, and unpack undoes pack`, () => {
    const type = floatType(shape, layout);
    assertEquals(storedCount(type), count);
    assertEquals(storedBytes(type), 4 * count);
    const values = counted(shape);
    const stored = pack(type, values);
    assertEquals(stored.length, count);
    assertEquals(unpack(type, stored), values);
    assertEquals(stored.filter((value) => value !== 0).toSorted(), values);
    const integers = Uint32Array.from(values);
    assertEquals(unpack({ ...type, dtype: "u32" }, pack({ ...type, dtype: "u32" }, integers)), integers);
  });
}

Deno.test("channels_last: an image's pixels hold their channels, then zeros", () => {
  // Two channels of 1 × 3 pixels.
  assertEquals(
    pack(floatType([1, 2, 1, 3], "channels_last"), Float32Array.of(1, 2, 3, 4, 5, 6)),
    Float32Array.of(1, 4, 0, 0, 2, 5, 0, 0, 3, 6, 0, 0),
  );
});

Deno.test("channels_last: element [b, c, y, x] lies at ((b·H + y)·W + x)·C′ + c", () => {
  const shape = [2, 5, 3, 4];
  const stored = pack(floatType(shape, "channels_last"), counted(shape));
  const at = (b: number, c: number, y: number, x: number) => ((b * 3 + y) * 4 + x) * 8 + c;
  assertEquals(stored[at(1, 4, 2, 3)], 120);
  assertEquals(stored[at(0, 0, 0, 1)], 2);
  assertEquals(stored[at(0, 1, 0, 0)], 13);
  assertEquals(stored[at(1, 0, 0, 0)], 61);
});

Deno.test("taps_first: element [n, m, y, x] lies at ((y·width + x)·M′ + m)·N′ + n", () => {
  const shape = [3, 5, 2, 2];
  const stored = pack(floatType(shape, "taps_first"), counted(shape));
  const at = (n: number, m: number, y: number, x: number) => ((y * 2 + x) * 8 + m) * 4 + n;
  assertEquals(stored[at(2, 4, 1, 1)], 60);
  assertEquals(stored[at(0, 0, 0, 1)], 2);
  assertEquals(stored[at(0, 0, 1, 0)], 3);
  assertEquals(stored[at(0, 1, 0, 0)], 5);
  assertEquals(stored[at(1, 0, 0, 0)], 21);
});

Deno.test("codes_first: a code is one row", () => {
  // Three numbers for each of two codes, a column each.
  assertEquals(
    pack(floatType([3, 2], "codes_first"), Float32Array.of(1, 2, 3, 4, 5, 6)),
    Float32Array.of(1, 3, 5, 0, 2, 4, 6, 0),
  );
});

Deno.test("unpack skips padding", () => {
  const type = floatType([1, 2, 1, 2], "channels_last");
  assertEquals(unpack(type, Float32Array.of(1, 3, 99, NaN, 2, 4, 99, NaN)), Float32Array.of(1, 2, 3, 4));
});

Deno.test("float16 takes half the bytes, with the same padding", () => {
  for (const [layout, shape, count] of types) {
    assertEquals(storedBytes(floatType(shape, layout, "f16")), 2 * count);
    assertEquals(storedCount(floatType(shape, layout, "f16")), count);
  }
});

Deno.test("counts and roundings", () => {
  assertEquals([elementCount([]), elementCount([2, 3, 4]), elementCount([2, 0])], [1, 24, 0]);
  assertEquals([divideUp(0, 4), divideUp(1, 4), divideUp(4, 4), divideUp(5, 4)], [0, 1, 1, 2]);
  assertEquals([roundUp(0, 4), roundUp(1, 4), roundUp(4, 4), roundUp(257, 256)], [0, 4, 4, 512]);
});
