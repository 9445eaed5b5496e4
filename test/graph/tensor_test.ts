/** The nodes of graphs. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { floatType } from "../../src/graph/layout.ts";
import { ancestors, apply } from "../../src/graph/tensor.ts";
import { add, relu } from "../../src/ops/elementwise.ts";
import { operations } from "../../src/ops/table.ts";
import { variable } from "../../src/ops/variable.ts";

Deno.test("ancestors are listed once each, in the order in which they were made", () => {
  const a = variable(floatType([2]), "a"), b = variable(floatType([2]), "b");
  const c = relu(a), unrelated = relu(b), d = add(c, c), e = add(d, a);
  assertEquals(ancestors([e]), [a, c, d, e]);
  assertEquals(ancestors([e, d, unrelated]), [a, b, c, unrelated, d, e]);
  assertEquals(ancestors([]), []);
});

Deno.test("a graph may be thousands of nodes deep", () => {
  const x = variable(floatType([1]), "x");
  let y = x;
  for (let depth = 0; depth < 20_000; depth++) y = relu(y);
  const found = ancestors([y]);
  assertEquals(found.length, 20_001);
  assert(found.every((node, index) => index === 0 || found[index - 1]!.id < node.id));
});

Deno.test("a node has the type that its operation infers, and by default its name as label", () => {
  const x = variable(floatType([1, 3, 2, 2], "channels_last"), "images");
  const y = apply(operations.relu, [x], undefined, "first activation");
  assertEquals([y.label, relu(y).label, x.label], ["first activation", "relu", "images"]);
  assertEquals([y.shape, y.dtype, y.type.layout], [[1, 3, 2, 2], "f32", "channels_last"]);
  assertThrows(
    () => apply(operations.add, [x, variable(floatType([2]), "b")], undefined),
    RangeError,
    "Cannot run add",
  );
});
