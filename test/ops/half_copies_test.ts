/** The optimizer's float16 copies of weights. */

import { assertEquals, assertThrows } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { elementCount, floatType } from "../../src/graph/layout.ts";
import { ParameterSet, zeroInitialiser } from "../../src/nn/parameters.ts";
import { add, cast, scale } from "../../src/ops/elementwise.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { sum } from "../../src/ops/reduce.ts";
import { Adam, defaultAdam } from "../../src/optim/adam.ts";
import { plan } from "../../src/plan/plan.ts";
import { normalArray } from "../../src/random.ts";
import { testOfHalves } from "../halves.ts";

/** Parameters of odd sizes, and their copies. */
function build() {
  const set = new ParameterSet();
  const types = [
    floatType([5]),
    floatType([3, 5, 3, 3], "taps_first"),
    floatType([129]),
    floatType([8, 4, 1, 1], "taps_first"),
  ];
  const weights = types.map((type, index) => set.parameter(`weight ${index}`, type, zeroInitialiser));
  const optimizer = new Adam(set.parameters, defaultAdam, "f16");
  return { set, weights, optimizer, halves: optimizer.halves! };
}

testOfHalves("half_copies: one dispatch rounds all weights, each at its offset", async () => {
  const gpu = await Gpu.open();
  const { set, weights, optimizer, halves } = build();
  const like = cast(weights[0]!, "f16");
  const results = set.withHalves(
    halves,
    () => weights.map((weight) => cast(set.matching(like, weight), "f32")),
  );
  const planned = plan({ results, arenas: optimizer.arenas }, gpu.target);
  assertEquals(planned.dispatches.map(({ operation }) => operation), [
    "half_copies",
    ...weights.map(() => "cast"),
  ]);
  const memory = new Memory(gpu);
  const executor = await Executor.load(planned, memory);
  const values = weights.map((weight, index) => normalArray(index, elementCount(weight.shape)));
  weights.forEach((weight, index) => memory.write(weight, values[index]!));
  executor.run();
  assertEquals(await executor.read(results), values.map((each) => each.map(Math.f16round)));
  executor.destroy();
  memory.destroy();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
});

Deno.test("half_copy: the gradient of the copy is the gradient of the weight", () => {
  const { set, weights: [weight], halves } = build();
  const half = set.withHalves(halves, () => set.matching(cast(weight!, "f16"), weight!));
  const [gradient] = gradients(sum(add(cast(half, "f32"), scale(cast(half, "f32"), 2))), [weight!]);
  assertEquals([half.dtype, half.label, gradient!.shape], ["f16", "weight 0 in float16", [5]]);
});

Deno.test("a float16 graph cannot be built without the copies, and float32 reads the weights themselves", () => {
  const { set, weights: [weight], halves } = build();
  const message = "Cannot read weight 0 in float16: the graph is built without a copy of it";
  const half = cast(weight!, "f16");
  assertThrows(() => set.matching(half, weight!), RangeError, message);
  set.withHalves(halves, () => {
    assertEquals(set.matching(half, weight!), halves.get(weight!));
    assertEquals(set.matching(weight!, weight!), weight);
    set.withHalves(undefined, () => assertThrows(() => set.matching(half, weight!), RangeError, message));
    assertEquals(set.matching(half, weight!), halves.get(weight!));
  });
  assertThrows(() => set.matching(half, weight!), RangeError, message);
});
