/** Median and range of measurements. */

import { assertEquals, assertThrows } from "@std/assert";
import { spreadOf } from "../../src/metrics/spread.ts";

Deno.test("spreadOf gives median, minimum and maximum", () => {
  assertEquals(spreadOf([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assertEquals(spreadOf([4, 1, 2, 10]), { median: 3, least: 1, most: 10 });
  assertThrows(() => spreadOf([]), RangeError, "median of nothing");
});
