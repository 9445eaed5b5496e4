import { assert, assertEquals, assertRejects } from "@std/assert";
import { inOrder } from "../../src/workers/in_order.ts";

const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("inOrder yields results in the order of the items, with few under way at a time", async () => {
  let underWay = 0;
  let most = 0;
  const results: number[] = [];
  const work = async (item: number) => {
    most = Math.max(most, ++underWay);
    await later((item * 7) % 5);
    return 10 * item;
  };
  for await (const { item, result } of inOrder(Array.from({ length: 40 }, (_, index) => index), 4, work)) {
    underWay--;
    assertEquals(result, 10 * item);
    results.push(result);
  }
  assertEquals(results, Array.from({ length: 40 }, (_, index) => 10 * index));
  assert(most <= 4, `${most}`);
});

Deno.test("inOrder throws an error at its item's turn; later errors go unobserved", async () => {
  const seen: number[] = [];
  const work = async (item: number) => {
    await later(1);
    if (item >= 2) throw new Error(`item ${item}`);
    return item;
  };
  await assertRejects(
    async () => {
      for await (const { result } of inOrder([0, 1, 2, 3, 4], 5, work)) seen.push(result);
    },
    Error,
    "item 2",
  );
  assertEquals(seen, [0, 1]);
  await later(5);
});
