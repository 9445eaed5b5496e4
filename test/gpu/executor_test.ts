/** Loaded plans: their memory, their results, their errors and their times. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { elementCount, floatType } from "../../src/graph/layout.ts";
import type { Operation } from "../../src/graph/operation.ts";
import { apply, type Tensor } from "../../src/graph/tensor.ts";
import { flat } from "../../src/ops/inputs.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { add, cast, relu, scale } from "../../src/ops/elementwise.ts";
import { sum } from "../../src/ops/reduce.ts";
import { constant, variable } from "../../src/ops/variable.ts";
import { Arena } from "../../src/plan/arena.ts";
import { plan, type Program } from "../../src/plan/plan.ts";
import { normalArray } from "../../src/random.ts";
import { testOfHalves } from "../halves.ts";

/** Runs a test on a GPU and its memory, and checks that everything is freed afterwards. */
async function withMemory(test: (memory: Memory, gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await Gpu.open();
  const memory = new Memory(gpu);
  await test(memory, gpu);
  memory.destroy();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  await gpu.finish();
  gpu.close();
}

const load = (program: Program, memory: Memory) => Executor.load(plan(program, memory.gpu.target), memory);

Deno.test("a loaded plan takes the memory that it states, and its params", () =>
  withMemory(async (memory, gpu) => {
    const x = variable(floatType([2, 5, 4, 4], "channels_last"), "x");
    const program = { results: [sum(x), relu(x)] };
    const executor = await load(program, memory);
    const params = gpu.allocated.bytes - executor.plan.peakBytes;
    assert(params > 0 && params <= 256 * executor.plan.dispatches.length);
    assertEquals(gpu.allocated.buffers, executor.plan.buffers.length + 1);
    executor.destroy();
    // x stays, since it belongs to the memory and not to the plan.
    assertEquals(gpu.allocated, { bytes: 2 * 8 * 16 * 4, buffers: 1 });
  }));

testOfHalves(
  "values are rounded on their way into float16, and come back as float32",
  () =>
    withMemory(async (memory) => {
      for (
        const [shape, layout] of [[[3], "flat"], [[1], "flat"], [[2, 3, 2, 1], "channels_last"]] as const
      ) {
        const x = variable(floatType(shape, layout, "f16"), "x");
        const y = cast(x, "f32");
        const executor = await load({ results: [y] }, memory);
        const values = normalArray(1, elementCount(shape)).map((value) => 1000 * value);
        memory.write(x, values);
        executor.run();
        const rounded = values.map(Math.f16round);
        assertEquals(await executor.read([x, y]), [rounded, rounded]);
        executor.destroy();
      }
    }),
);

Deno.test("plans share the variables that both use", () =>
  withMemory(async (memory, gpu) => {
    const x = variable(floatType([3]), "x");
    const [double, triple] = [scale(x, 2), scale(x, 3)];
    const [first, second] = [
      await load({ results: [double] }, memory),
      await load({ results: [triple] }, memory),
    ];
    memory.write(x, Float32Array.of(1, 2, 3));
    first.run();
    second.run();
    assertEquals(await first.read([double]), [Float32Array.of(2, 4, 6)]);
    assertEquals(await second.read([triple, x]), [Float32Array.of(3, 6, 9), Float32Array.of(1, 2, 3)]);
    first.destroy();
    second.run();
    assertEquals(await second.read([triple]), [Float32Array.of(3, 6, 9)]);
    second.destroy();
    memory.forget([x]);
    assertEquals(gpu.allocated.buffers, 0);
    assertThrows(
      () => memory.write(x, Float32Array.of(1, 2, 3)),
      RangeError,
      "x is in no plan that was loaded",
    );
    memory.forget([x]);
  }));

Deno.test("arena members are written and read one by one, in any layout", () =>
  withMemory(async (memory) => {
    const members = [
      variable(floatType([3]), "bias"),
      variable(floatType([2, 3, 2, 2], "taps_first"), "weight"),
      variable(floatType([5, 3], "codes_first"), "codes"),
    ];
    const arena = new Arena("arena", members, variable);
    const program = {
      results: [...members.map((member) => scale(member, -1)), arena.tensor],
      arenas: [arena],
    };
    const executor = await load(program, memory);
    const values = members.map(({ shape }, index) =>
      normalArray(index, shape.reduce((product, extent) => product * extent, 1))
    );
    members.forEach((member, index) => memory.write(member, values[index]!));
    executor.run();
    assertEquals(await memory.read(members), values);
    assertEquals(
      await executor.read(program.results.slice(0, 3)),
      values.map((each) => each.map((value) => -value)) as Float32Array<ArrayBuffer>[],
    );
    const [whole] = await memory.read([arena.tensor]);
    assertEquals(whole!.slice(0, 4), Float32Array.of(...values[0]!, 0));
    executor.destroy();
  }));

Deno.test("values of the wrong number or type are refused before they are written", () =>
  withMemory(async (memory) => {
    const [x, codes] = [
      variable(floatType([2, 3]), "x"),
      variable({ shape: [4], dtype: "u32", layout: "flat" }, "codes"),
    ];
    const executor = await load({ results: [scale(x, 2), codes] }, memory);
    const refused: [Tensor, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>, string][] = [
      [x, new Float32Array(7), "Cannot write x: Float32Array of 7 for 6 f32"],
      [x, new Float32Array(5), "Cannot write x: Float32Array of 5 for 6 f32"],
      [x, new Uint32Array(6), "Cannot write x: Uint32Array of 6 for 6 f32"],
      [codes, new Float32Array(4), "Cannot write codes: Float32Array of 4 for 4 u32"],
    ];
    for (const [tensor, values, message] of refused) {
      assertThrows(() => memory.write(tensor, values), RangeError, message);
    }
    assertEquals(await memory.read([x]), [new Float32Array(6)]);
    executor.destroy();
  }));

Deno.test("only results and tensors of loaded plans can be read", () =>
  withMemory(async (memory) => {
    const x = variable(floatType([3]), "x"), other = variable(floatType([3]), "other");
    const hidden = scale(x, 2), y = sum(hidden);
    const executor = await load({ results: [y] }, memory);
    await assertRejects(() => executor.read([hidden]), RangeError, "scale is not a result of this plan");
    await assertRejects(() => memory.read([other]), RangeError, "other is in no plan that was loaded");
    await assertRejects(() => memory.read([y]), RangeError, "sum is in no plan that was loaded");
    assertEquals(await executor.read([]), []);
    executor.destroy();
  }));

Deno.test("constants keep their values from plan to plan", () =>
  withMemory(async (memory) => {
    const [x, two] = [variable(floatType([5]), "x"), constant(2, [5])];
    for (let plans = 0; plans < 2; plans++) {
      const result = add(x, two);
      const executor = await load({ results: [result] }, memory);
      executor.run();
      assertEquals(await executor.read([result]), [new Float32Array(5).fill(2)]);
      executor.destroy();
    }
  }));

/** An operation over a vector of 16 whose kernel is `code`. */
function withKernel(code: string): Tensor {
  const operation: Operation<undefined> = {
    name: "sample",
    inputs: [flat("input")],
    infer: ([x]) => x!,
    gradient: () => [],
    reference: ([x]) => x!,
    cost: () => ({ flops: 0, bytes: 0 }),
    lower: (node, lowering) =>
      lowering.dispatch({
        kernel: { name: "sample", source: code },
        constants: { SIZE: 3 },
        bindings: { x: node.inputs[0]!, y: node },
        params: { quads: 4 },
        workgroups: 1,
        flops: 0,
        bytes: 0,
      }),
  };
  return apply(operation, [variable(floatType([16]), "x")], undefined, "layer 3");
}

const header = `struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(1) fn main()`;

Deno.test("a kernel that does not compile is named, and its plan's buffers are freed", async () => {
  for (
    const [code, detail] of [
      [`${header} { y[p.quads] = z; }`, "identifier: `z`"],
      [`${header} { x[0] = y[p.quads]; }`, "writing to this location is not permitted"],
      [header.replace("binding(2)", "binding(1)") + " { y[p.quads] = x[0]; }", "binding at index 1"],
    ] as const
  ) {
    await withMemory(async (memory, gpu) => {
      const program = { results: [withKernel(code)] };
      const { message } = await assertRejects(() => load(program, memory), Error);
      assert(
        message.startsWith("kernel sample[SIZE=3]: ") || message.startsWith("sample[SIZE=3] for layer 3: "),
        message,
      );
      assert(message.includes(detail), message);
      // Only the variable is left, which belongs to the memory.
      assertEquals(gpu.allocated, { bytes: 64, buffers: 1 });
    });
  }
});

Deno.test("errors that only a dispatch can show are thrown when the plan is loaded", () =>
  withMemory(async (memory, gpu) => {
    const code = header.replace("read> x: array<vec4f>", "read> x: array<vec4f, 100>");
    const result = withKernel(`${code} { y[p.quads - 4] = x[0]; }`);
    const { message } = await assertRejects(() => load({ results: [result] }, memory), Error);
    assert(message.startsWith("sample[SIZE=3] for layer 3: "), message);
    assert(message.includes("bound with size 64 where the shader expects 1600"), message);
    assertEquals(gpu.allocated, { bytes: 64, buffers: 1 });
  }));

Deno.test("loading a plan computes nothing", () =>
  withMemory(async (memory) => {
    const [x, two] = [variable(floatType([5]), "x"), constant(2, [5])];
    const result = add(x, two);
    const executor = await load({ results: [result] }, memory);
    assertEquals(await executor.read([result]), [new Float32Array(5)]);
    executor.run();
    assertEquals(await executor.read([result]), [new Float32Array(5).fill(2)]);
    executor.destroy();
  }));

Deno.test("an encoded run happens when it is submitted, with the values of that time", () =>
  withMemory(async (memory) => {
    const [x, two] = [variable(floatType([5]), "x"), constant(2, [5])];
    const result = add(x, two);
    const executor = await load({ results: [result] }, memory);
    const submit = executor.encode();
    memory.write(x, new Float32Array(5).fill(1));
    assertEquals(await executor.read([result]), [new Float32Array(5)]);
    submit();
    // Staged after this run and before the next, so these values are read.
    const staged = await memory.stage([x]);
    memory.write(x, new Float32Array(5).fill(7));
    executor.run();
    assertEquals(await staged.read(), [new Float32Array(5).fill(1)]);
    assertEquals(await executor.read([result]), [new Float32Array(5).fill(9)]);
    executor.destroy();
  }));

Deno.test("profile gives a time for each dispatch, and the same results", () =>
  withMemory(async (memory, gpu) => {
    const x = variable(floatType([4, 32, 32, 32], "channels_last"), "x");
    const weight = variable(floatType([32, 32, 3, 3], "taps_first"), "w");
    const window = { stride: [1, 1], padding: [1, 1, 1, 1] } as const;
    const y = conv2d(x, weight, window), total = sum(y);
    const executor = await load({ results: [y, total] }, memory);
    memory.write(x, normalArray(1, 4 * 32 ** 3));
    memory.write(weight, normalArray(2, 32 * 32 * 9));
    executor.run();
    const expected = await executor.read([y, total]);
    const start = performance.now();
    const times = await executor.profile();
    const wall = performance.now() - start;
    if (!gpu.device.features.has("timestamp-query")) {
      console.log("profile gives nothing: the adapter has no timestamps");
      assertEquals(times, undefined);
    } else {
      assertEquals(times!.map(({ dispatch }) => dispatch), executor.plan.dispatches);
      const sumOfTimes = times!.reduce((total, { milliseconds }) => total + milliseconds, 0);
      assert(times!.every(({ milliseconds }) => milliseconds >= 0));
      assert(sumOfTimes > 0 && sumOfTimes <= wall, `${sumOfTimes} ms of ${wall}`);
    }
    assertEquals(await executor.read([y, total]), expected);
    executor.destroy();
  }));

Deno.test("run and read report a lost device", async () => {
  const gpu = await Gpu.open();
  const x = variable(floatType([4]), "x"), y = relu(x);
  const executor = await load({ results: [y] }, new Memory(gpu));
  executor.run();
  gpu.device.destroy();
  await assertRejects(() => executor.read([y]), Error, "the GPU was lost (destroyed)");
  assertThrows(() => executor.run(), Error, "the GPU was lost (destroyed)");
});
