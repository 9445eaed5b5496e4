/** How long sums are split into parts. */

import { assertEquals } from "@std/assert";
import { floatType } from "../../src/graph/layout.ts";
import { columnTiles, positionCount, splitCount, splitPositions } from "../../src/ops/split_sums.ts";
import { variable } from "../../src/ops/variable.ts";
import { softwareTarget } from "../plan/targets.ts";

const target = { ...softwareTarget, parallelWorkgroups: 16, summingLines: 8 };

Deno.test("splitCount makes as many parts as keep the adapter busy, none shorter than allowed, at least one", () => {
  assertEquals(splitCount(target, 4, 10_000, 100), 4);
  assertEquals(splitCount(target, 1, 10_000, 100), 16);
  assertEquals(splitCount(target, 1, 450, 100), 4);
  assertEquals(splitCount(target, 100, 10_000, 100), 1);
  assertEquals(splitCount(target, 1, 50, 100), 1);
});

Deno.test("columnTiles counts workgroups of eight quads", () => {
  assertEquals([1, 8, 9, 32].map(columnTiles), [1, 1, 2, 4]);
});

Deno.test("splitPositions covers all positions with chunks of whole lines", () => {
  const x = variable(floatType([3, 36, 7, 11], "channels_last"), "x");
  assertEquals(positionCount(x), 231);
  const { positions, quads, chunk, parts, column_tiles, tiles } = splitPositions(x, target, 20);
  assertEquals([positions, quads, column_tiles], [231, 9, 2]);
  // Eight parts of 29 positions, rounded up to whole lines of threads.
  assertEquals([chunk, parts, tiles], [32, 8, 16]);
});
