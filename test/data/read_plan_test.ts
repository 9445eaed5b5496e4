import { assertEquals } from "@std/assert";
import { planReads } from "../../src/data/read_plan.ts";
import { permutation } from "../../src/random.ts";

function runs(
  indices: number[],
  rowsPerChunk: number,
  rowsPerRead: number,
): [start: number, count: number][] {
  return planReads(Uint32Array.from(indices), rowsPerChunk, rowsPerRead).map((
    { start, count },
  ) => [start, count]);
}

Deno.test("planReads joins adjacent rows and reads others alone", () => {
  assertEquals(runs([7, 3, 9, 4, 8], 1, 100), [[3, 2], [7, 3]]);
});

Deno.test("planReads joins rows of one chunk", () => {
  assertEquals(runs([11, 0, 3, 8, 21], 4, 100), [[0, 4], [8, 4], [21, 1]]);
  assertEquals(runs([3, 4], 4, 100), [[3, 2]]);
});

Deno.test("planReads reads a row that occurs twice once", () => {
  const [run] = planReads(Uint32Array.of(5, 6, 5), 1, 100);
  assertEquals(run, {
    start: 5,
    count: 2,
    wanted: [0, 2, 1].map((position) => ({ row: position % 2, position })),
  });
});

Deno.test("planReads keeps to the limit of rows per read", () => {
  assertEquals(runs([0, 1, 2, 3, 4], 1, 2), [[0, 2], [2, 2], [4, 1]]);
  assertEquals(runs([0, 50, 99], 100, 60), [[0, 51], [99, 1]]);
  assertEquals(runs([2, 2, 2], 1, 1), [[2, 1]]);
});

Deno.test("planReads fills every position once, from its own row", () => {
  const indices = permutation(816, 1000).slice(0, 300);
  for (const [rowsPerChunk, rowsPerRead] of [[1, 1], [1, 7], [16, 5], [64, 1000]] as const) {
    const filled = new Map<number, number>();
    for (const { start, count, wanted } of planReads(indices, rowsPerChunk, rowsPerRead)) {
      assertEquals(count <= rowsPerRead, true);
      for (const { row, position } of wanted) {
        assertEquals(row < count && !filled.has(position), true);
        filled.set(position, start + row);
      }
    }
    assertEquals(Array.from(indices, (_, position) => filled.get(position)), Array.from(indices));
  }
});
