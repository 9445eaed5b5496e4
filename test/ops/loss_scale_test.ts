/** Loss scaling: which values are not finite, and how the scale, Adam's corrections and its step change. */

import { assert, assertEquals } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { floatType } from "../../src/graph/layout.ts";
import { countNonFinite, lossScale } from "../../src/ops/loss_scale.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";
import { evaluate } from "../case_graph.ts";
import { relativeError } from "../run_graph.ts";

const gpu = await Gpu.open();

Deno.test("count_non_finite: counts infinities and every NaN, at every position", async () => {
  const memory = new Memory(gpu);
  const x = variable(floatType([20000]), "x");
  const count = countNonFinite(x);
  for (const parallelWorkgroups of [1, 512]) {
    const executor = await Executor.load(
      plan({ results: [count] }, { ...gpu.target, parallelWorkgroups }),
      memory,
    );
    const counted = async (...odd: [at: number, value: number][]) => {
      const values = new Float32Array(20000).fill(3.4e38);
      for (const [at, value] of odd) values[at] = value;
      memory.write(x, values);
      executor.run();
      const [[actual]] = await executor.read([count]) as [Float32Array];
      assertEquals([actual], [...evaluate([count], new Map([[x, values]]))[0]!]);
      return actual;
    };
    assertEquals(await counted([3, -3.4e38], [4, 1e-45], [5, -0]), 0);
    assertEquals(await counted([0, Infinity]), 1);
    assertEquals(await counted([1, -Infinity], [2, NaN], [9998, -NaN], [19999, Infinity]), 4);
    executor.destroy();
  }
  memory.destroy();
});

Deno.test("loss_scale: the scale grows after good steps and halves at once, and Adam gets its step", async () => {
  const step = variable(floatType([4]), "step");
  const nonFinite = variable(floatType([]), "non-finite");
  const state = {
    scale: variable(floatType([]), "scale"),
    goodSteps: variable(floatType([]), "good steps"),
    corrections: variable(floatType([2]), "corrections"),
  };
  const constants = { beta1: 0.9, beta2: 0.999, growth: 2, backoff: 0.5, interval: 3 };
  const result = lossScale(step, nonFinite, state, constants);
  const tensors = [...Object.values(state), result];
  const memory = new Memory(gpu);
  const executor = await Executor.load(plan({ results: [result], effects: [result] }, gpu.target), memory);
  memory.write(step, Float32Array.of(0.01, 0, 0, 0));
  memory.write(state.scale, Float32Array.of(1024));
  let known: ArrayLike<number>[] = [[1024], [0], [0, 0]];
  const scales: number[] = [];
  const given: number[][] = [];
  for (const bad of [0, 0, 3, 0, 0, 0, 1, 1, 0]) {
    memory.write(nonFinite, Float32Array.of(bad));
    executor.run();
    const actual = await executor.read(tensors);
    const inputs = new Map([[step, [0.01, 0, 0, 0]], [nonFinite, [bad]]]) as Map<
      typeof step,
      ArrayLike<number>
    >;
    Object.values(state).forEach((tensor, index) => inputs.set(tensor, known[index]!));
    known = evaluate(tensors, inputs, [result]);
    known.forEach((values, index) => {
      const error = relativeError(actual[index]!, values);
      assert(error < 1e-6, `${tensors[index]!.label} is ${error} off the reference`);
    });
    scales.push(actual[0]![0]!);
    given.push([...actual[3]!]);
  }
  assertEquals(scales, [1024, 1024, 512, 512, 512, 1024, 512, 256, 256]);
  // A skipped step is all zeros. The sixth good step divides by the scale of that time.
  assertEquals([2, 6, 7].map((index) => given[index]), [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]);
  assertEquals([given[0]![2], given[5]![2], given[8]![2]], [1 / 1024, 1 / 512, 1 / 256]);
  const [rate, factor] = given[8]!;
  assert(relativeError([rate!, factor!], [0.01 / (1 - 0.9 ** 6), 1 / Math.sqrt(1 - 0.999 ** 6)]) < 1e-6);
  executor.destroy();
  memory.destroy();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
});
