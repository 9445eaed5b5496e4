import { assertEquals, assertRejects } from "@std/assert";
import { alone } from "../../src/distributed/group.ts";
import { localGroup } from "./local_group.ts";

Deno.test("a group of one leaves its values as they are", async () => {
  const values = Float32Array.of(1, -0, NaN);
  await alone.allReduce(values);
  assertEquals([alone.rank, alone.size, values], [0, 1, Float32Array.of(1, -0, NaN)]);
});

Deno.test("a local group adds in the order of its ranks, whoever comes first", async () => {
  // In float32 the first two cancel only if they come together: 2²⁴ + 1 is 2²⁴.
  const terms = [2 ** 24, -(2 ** 24), 1];
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
    const group = localGroup(3);
    const values = terms.map((term) => Float32Array.of(term, 1));
    await Promise.all(order.map((rank) => group[rank]!.allReduce(values[rank]!)));
    assertEquals(values, terms.map(() => Float32Array.of(1, 3)));
  }
});

Deno.test("a local group takes one sum after another", async () => {
  const sums = await Promise.all(
    localGroup(2).map(async ({ rank, allReduce }) => {
      const values = Float32Array.of(rank + 1);
      for (let round = 0; round < 3; round++) await allReduce(values);
      return values[0];
    }),
  );
  assertEquals(sums, [12, 12]);
  const [first, second] = localGroup(2);
  const pending = first!.allReduce(new Float32Array(2));
  await assertRejects(
    () => second!.allReduce(new Float32Array(3)),
    RangeError,
    "different numbers of values",
  );
  await assertRejects(() => pending, RangeError, "different numbers of values");
});
