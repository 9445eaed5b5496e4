/** Plans: their memory, their dispatches, and programs that they refuse. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { floatType, storedBytes } from "../../src/graph/layout.ts";
import type { DispatchRequest } from "../../src/graph/lowering.ts";
import type { Operation } from "../../src/graph/operation.ts";
import { apply, type Tensor } from "../../src/graph/tensor.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { flat } from "../../src/ops/inputs.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { nearestCode } from "../../src/ops/codebook.ts";
import { add, relu, scale } from "../../src/ops/elementwise.ts";
import { sum } from "../../src/ops/reduce.ts";
import { constant, variable } from "../../src/ops/variable.ts";
import { Adam } from "../../src/optim/adam.ts";
import { Arena } from "../../src/plan/arena.ts";
import { tunablesOf } from "../../src/plan/lower.ts";
import { type Plan, plan } from "../../src/plan/plan.ts";
import { evaluationProgram, trainingProgram } from "../../src/train/vqvae/program.ts";
import { cardTarget, softwareTarget } from "./targets.ts";

const vector = (label: string, length = 64) => variable(floatType([length]), label);

/** The default model's training step. */
function trainingPlan(target = softwareTarget): Plan {
  const model = new Vqvae({ ...defaultConfiguration });
  return plan(
    trainingProgram(model, new Adam(model.set.parameters), [4, 3, 64, 64], { restart: 1 }).program,
    target,
  );
}

/** A plan without its tensors, whose ids differ from graph to graph. */
function comparable({ buffers, dispatches, locations, ...numbers }: Plan) {
  return {
    ...numbers,
    dispatches,
    buffers: buffers.map(({ owner, ...rest }) => ({ ...rest, owner: owner?.label })),
    locations: [...locations].map(([tensor, location]) => [tensor.label, location]),
  };
}

Deno.test("two plans of the same model are equal", () => {
  for (const target of [softwareTarget, cardTarget]) {
    assertEquals(comparable(trainingPlan(target)), comparable(trainingPlan(target)));
  }
});

Deno.test("a plan's memory is the sum of its buffers, and less than without sharing", () => {
  const { buffers, peakBytes, unsharedBytes } = trainingPlan();
  assertEquals(peakBytes, buffers.reduce((total, { bytes }) => total + bytes, 0));
  const persistent = buffers.reduce((total, { owner, bytes }) => owner ? total + bytes : total, 0);
  const [shared, unshared] = [peakBytes - persistent, unsharedBytes - persistent];
  assert(unshared > 1.5 * shared, `values take ${shared} bytes, and ${unshared} without sharing`);
});

Deno.test("unsharedBytes counts every value once, whichever buffers they share", () => {
  const x = variable(floatType([1, 4, 8, 8], "channels_last"), "x");
  const weight = variable(floatType([4, 4, 1, 1], "taps_first"), "w");
  const convolve = (value: Tensor) => conv2d(value, weight, { stride: [1, 1], padding: [0, 0, 0, 0] });
  const { buffers, peakBytes, unsharedBytes } = plan(
    { results: [convolve(convolve(convolve(convolve(x))))] },
    softwareTarget,
  );
  assertEquals(buffers.map(({ label, bytes }) => [label, bytes]), [
    ["shared 0", 1024],
    ["shared 1", 1024],
    ["x", 1024],
    ["w", 64],
  ]);
  assertEquals([peakBytes, unsharedBytes], [3136, 5184]);
});

Deno.test("every binding lies within its buffer, at an aligned offset", () => {
  for (const target of [softwareTarget, cardTarget]) {
    const { buffers, dispatches } = trainingPlan(target);
    for (const { bindings, variant, grid } of dispatches) {
      for (const { name, location: { buffer, offset, bytes } } of bindings) {
        assert(offset + bytes <= buffers[buffer]!.bytes, `${variant.label}: ${name}`);
        assertEquals(offset % target.storageAlignment, 0, `${variant.label}: ${name}`);
      }
      assert(bindings.length <= target.maxStorageBuffers, variant.label);
      assert(
        grid.every((extent) => extent >= 1 && extent <= target.maxWorkgroupsPerDimension),
        variant.label,
      );
    }
  }
});

Deno.test("locations are those of results, of variables in use and of the members of arenas in use", () => {
  const [x, unused, y] = [vector("x"), vector("unused"), vector("y")];
  const hidden = scale(x, 2), result = sum(hidden);
  const [arena, idle] = [new Arena("arena", [y, x], variable), new Arena("idle", [unused], variable)];
  const planned = plan({ results: [result, result], arenas: [arena, idle] }, softwareTarget);
  assertEquals(new Set(planned.locations.keys()), new Set([arena.tensor, result, y, x]));
  assertEquals(planned.buffers.filter(({ owner }) => owner).map(({ label }) => label), ["arena"]);
  assertEquals(planned.locations.get(x)!.offset, 256);
  assertEquals(planned.locations.get(x)!.buffer, planned.locations.get(y)!.buffer);
  assertEquals(planned.dispatches[0]!.bindings[0]!.location, planned.locations.get(x));
});

Deno.test("constants have initial values, other variables start at zero", () => {
  const { buffers } = plan({ results: [add(vector("x", 5), constant(2, [5]))] }, softwareTarget);
  assertEquals(buffers.map(({ label, initial }) => [label, initial]), [
    ["shared 0", undefined],
    ["x", undefined],
    ["constant 2", Float32Array.of(2, 2, 2, 2, 2, 0, 0, 0)],
  ]);
});

Deno.test("results and effects that are variables need no dispatch", () => {
  const x = vector("x");
  const planned = plan({ results: [x] }, softwareTarget);
  assertEquals([planned.dispatches.length, planned.locations.get(x)], [0, {
    buffer: 0,
    offset: 0,
    bytes: 256,
  }]);
  assertEquals(comparable(plan({}, softwareTarget)).buffers, []);
});

Deno.test("a grid that is too long for one dimension is folded into two", () => {
  const grid = (length: number, target = softwareTarget) =>
    plan({ results: [relu(vector("x", length))] }, target).dispatches[0]!.grid;
  assertEquals(grid(1), [1, 1]);
  assertEquals(grid(257), [2, 1]);
  assertEquals(grid(65535 * 256), [65535, 1]);
  // 65536 workgroups: two rows of 32768.
  assertEquals(grid(65535 * 256 + 1), [32768, 2]);
  assertEquals(grid(20 * 256, { ...softwareTarget, maxWorkgroupsPerDimension: 7 }), [7, 3]);
  assertEquals(grid(22 * 256, { ...softwareTarget, maxWorkgroupsPerDimension: 7 }), [6, 4]);
});

Deno.test("a buffer that the adapter cannot bind is refused with its size", () => {
  const target = { ...softwareTarget, maxBindingBytes: 1024 };
  assertThrows(
    () => plan({ results: [relu(vector("images", 257))] }, target),
    RangeError,
    "Cannot plan: shared 0 takes 1040 bytes and the adapter binds at most 1024; use a smaller batch",
  );
  assertThrows(
    () => plan({ results: [sum(vector("images", 300))] }, target),
    RangeError,
    "Cannot plan: images takes 1200 bytes and the adapter binds at most 1024",
  );
  assertEquals(plan({ results: [relu(vector("images", 256))] }, target).peakBytes, 2048);
});

Deno.test("a dispatch that binds more storage buffers than the adapter allows is refused in one line", () => {
  const program = { results: [add(relu(vector("x")), vector("y"))] };
  assertEquals(plan(program, { ...softwareTarget, maxStorageBuffers: 3 }).dispatches.length, 1);
  assertThrows(
    () => plan(program, { ...softwareTarget, maxStorageBuffers: 2 }),
    RangeError,
    "Cannot plan: elementwise +relu+add for add binds 3 storage buffers and the adapter allows 2",
  );
});

Deno.test("kernels and the splitting of sums depend on the target", () => {
  const x = variable(floatType([8, 64, 32, 32], "channels_last"), "x");
  const y = conv2d(x, variable(floatType([64, 64, 5, 5], "taps_first"), "w"), {
    stride: [1, 1],
    padding: [2, 2, 2, 2],
  });
  const codes = nearestCode(y, variable(floatType([64, 512], "codes_first"), "embed"));
  const variants = (target: typeof softwareTarget) =>
    plan({ results: [y, codes] }, target).dispatches.map(({ variant }) => variant);
  const [subgroup, nearest] = variants(softwareTarget);
  assertEquals(subgroup!.label, "conv2d_subgroup[LANES=8 ROWS=4 QUADS=2]");
  assert(nearest!.code.includes("subgroupBroadcast") && !nearest!.code.includes("enable subgroups"));
  const enabled = variants({ ...softwareTarget, subgroupsNeedEnable: true });
  assert(enabled.every(({ code }) => /^enable subgroups;$/m.test(code)));
  const plain = variants(cardTarget);
  assertEquals(plain[0]!.label, "conv2d_workgroup[COLUMNS=8 LINES=8 ROWS=4 QUADS=1]");
  assert(plain.every(({ code }) => !code.includes("subgroupBroadcast")));
  const parts = (target: typeof softwareTarget) => plan({ results: [sum(x)] }, target).dispatches[0]!.grid[0];
  assertEquals([parts(softwareTarget), parts(cardTarget)], [4, 256]);
});

Deno.test("a target's choices decide which variant computes a node; an unknown variant leaves the first", () => {
  const x = variable(floatType([1, 16, 4, 4], "channels_last"), "x");
  const weight = variable(floatType([16, 16, 3, 3], "taps_first"), "w");
  const y = conv2d(x, weight, { stride: [1, 1], padding: [1, 1, 1, 1] });
  const [tunable] = tunablesOf([y], softwareTarget);
  assertEquals(tunable!.shapeClass, "conv2d 3×3 stride 1×1, 16×4×4 → 16×4×4, 1 images");
  assertEquals(tunablesOf([y, relu(y)], softwareTarget).length, 1);
  const classOf = (channels: number) => {
    const wide = variable(floatType([3, channels, 4, 4], "channels_last"), "x");
    const taps = variable(floatType([8, channels, 1, 1], "taps_first"), "w");
    const pointwise = conv2d(wide, taps, { stride: [1, 1], padding: [0, 0, 0, 0] });
    return tunablesOf([pointwise], softwareTarget)[0]!.shapeClass;
  };
  assertEquals([132, 256].map(classOf), Array(2).fill("conv2d 1×1 stride 1×1, ≤256×4×4 → 8×4×4, 4 images"));
  assertEquals(classOf(128), "conv2d 1×1 stride 1×1, 128×4×4 → 8×4×4, 4 images");
  const kernels = (variant?: string) => {
    const choices = new Map(variant === undefined ? [] : [[tunable!.shapeClass, variant]]);
    return plan({ results: [y] }, { ...softwareTarget, choices }).dispatches.map(({ variant: { label } }) =>
      label.split("[")[0]
    );
  };
  assertEquals(kernels(), ["conv2d_subgroup"]);
  assertEquals(kernels("no such variant"), ["conv2d_subgroup"]);
  assertEquals(kernels("direct 1×4"), ["conv2d_direct"]);
  assertEquals(kernels("winograd 2×2"), [
    "winograd_weight",
    "winograd_input",
    "conv2d_subgroup",
    "winograd_output",
  ]);
});

Deno.test("Winograd's algorithm keeps little memory between its steps, however large the images", () => {
  const x = variable(floatType([16, 64, 128, 128], "channels_last"), "x");
  const weight = variable(floatType([64, 64, 3, 3], "taps_first"), "w");
  const y = conv2d(x, weight, { stride: [1, 1], padding: [1, 1, 1, 1] });
  const planned = plan({ results: [y] }, softwareTarget);
  assert(planned.dispatches.length > 10, `${planned.dispatches.length}`);
  const own = planned.peakBytes - 2 * storedBytes(x.type);
  assert(own < 20 * 2 ** 20, `${own}`);
});

Deno.test("the default model costs about 8 GFLOP per forward pass at 256 × 256, and three times that per training step", () => {
  const flops = (program: Parameters<typeof plan>[0]) =>
    plan(program, cardTarget).dispatches.reduce((total, dispatch) => total + dispatch.flops, 0);
  const model = new Vqvae({ ...defaultConfiguration });
  const optimizer = new Adam(model.set.parameters);
  const forward = flops(evaluationProgram(model, optimizer, [1, 3, 256, 256]).program);
  const step = flops(trainingProgram(model, optimizer, [1, 3, 256, 256]).program);
  assert(Math.abs(forward / 8e9 - 1) < 0.15, `${forward}`);
  assert(Math.abs(step / forward - 3) < 0.3, `${step / forward}`);
});

/** An operation over one vector whose one dispatch is `request`. */
function faulty(request: (node: Tensor, x: Tensor) => Partial<DispatchRequest>): Tensor {
  const source = "struct Params { quads: u32 }\n@group(0) @binding(0) var<uniform> p: Params;\n" +
    "@group(0) @binding(1) var<storage, read> x: array<vec4f>;\n" +
    "@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;";
  const operation: Operation<undefined> = {
    name: "faulty",
    inputs: [flat("input")],
    infer: ([x]) => x!,
    gradient: () => [],
    reference: ([x]) => x!,
    cost: () => ({ flops: 0, bytes: 0 }),
    lower: (node, lowering) =>
      lowering.dispatch({
        kernel: { name: "sample", source },
        constants: {},
        bindings: { x: node.inputs[0]!, y: node },
        params: { quads: 1 },
        workgroups: 1,
        flops: 0,
        bytes: 0,
        ...request(node, node.inputs[0]!),
      }),
  };
  return apply(operation, [vector("x")], undefined);
}

Deno.test("a lowering whose bindings or params are not the kernel's is refused", () => {
  const planOf = (request: Parameters<typeof faulty>[0]) => () =>
    plan({ results: [faulty(request)] }, softwareTarget);
  planOf(() => ({}))();
  assertThrows(planOf((node) => ({ bindings: { y: node } })), RangeError, "sample: binding x is missing");
  assertThrows(
    planOf((node, x) => ({ bindings: { x, y: node, z: x } })),
    RangeError,
    "sample: the kernel has no binding z",
  );
  assertThrows(planOf(() => ({ params: {} })), RangeError, "sample: Params.quads is undefined; expected u32");
  assertThrows(
    planOf(() => ({ params: { quads: 1, more: 1 } })),
    RangeError,
    "sample: Params has no member more",
  );
  assertThrows(
    planOf((node) => ({ bindings: { x: node, y: node } })),
    RangeError,
    "sample for faulty: y shares a buffer with another binding",
  );
});

Deno.test("a dispatch that reads and writes one arena is refused", () => {
  const x = vector("x"), y = relu(x);
  const arenas = [new Arena("arena", [x, y], variable)];
  assertEquals(storedBytes(arenas[0]!.tensor.type), 512);
  assertThrows(
    () => plan({ results: [y], arenas }, softwareTarget),
    RangeError,
    "elementwise +relu for relu: y shares a buffer with another binding",
  );
});
