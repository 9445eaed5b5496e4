/** Error maps and their legends. */

import { assertEquals } from "@std/assert";
import type { Pixels } from "../../src/metrics/pictures.ts";
import {
  differenceFactor,
  errorColor,
  errorMap,
  legendMarks,
  pictureOf,
} from "../../src/report/error_map.ts";

function row(channels: 1 | 3, ...data: number[]): Pixels {
  return { channels, height: 1, width: data.length / channels, data: Uint8ClampedArray.from(data) };
}

Deno.test("pictureOf interleaves channels", () => {
  const { channels, data } = pictureOf(row(3, 1, 2, 10, 20, 100, 200));
  assertEquals([channels, ...data], [3, 1, 10, 100, 2, 20, 200]);
});

Deno.test("errorMap multiplies differences and clamps them to the brightest colour", () => {
  const { data } = errorMap({ original: row(1, 100, 100, 100), reconstruction: row(1, 100, 68, 200) }, 4);
  assertEquals([...data.subarray(0, 3)], errorColor(0));
  assertEquals([...data.subarray(3, 6)], errorColor(128 / 255));
  assertEquals([...data.subarray(6)], errorColor(1));
});

Deno.test("errorMap averages the differences over the channels", () => {
  const { data } = errorMap({ original: row(3, 30, 0, 0), reconstruction: row(3, 0, 30, 0) }, 1);
  assertEquals([...data], errorColor(20 / 255));
});

Deno.test("differenceFactor is the largest power of two that clips at most 0.5 % of the differences", () => {
  const pair = (difference: number, count: number) => ({
    original: row(1, ...Array(count).fill(200)),
    reconstruction: row(1, ...Array(count).fill(200 - difference)),
  });
  assertEquals(differenceFactor([pair(0, 10)]), 64);
  assertEquals(differenceFactor([pair(31, 10)]), 8);
  assertEquals(differenceFactor([pair(32, 10)]), 4);
  assertEquals(differenceFactor([pair(128, 10)]), 1);
  assertEquals(differenceFactor([pair(3, 996), pair(200, 4)]), 64);
  assertEquals(differenceFactor([pair(3, 994), pair(200, 6)]), 1);
});

Deno.test("legendMarks are differences in levels", () => {
  assertEquals(legendMarks(1).map(({ text }) => text), ["0", "64", "128", "191", "255"]);
  assertEquals(legendMarks(8).map(({ text }) => text), ["0", "8.0", "16", "24", "32 or more"]);
});
