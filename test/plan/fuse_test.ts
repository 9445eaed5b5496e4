/** Fusion: which nodes become one dispatch, and the code that computes them. */

import { assert, assertEquals } from "@std/assert";
import { floatType } from "../../src/graph/layout.ts";
import { apply, type Tensor } from "../../src/graph/tensor.ts";
import { concat } from "../../src/ops/channels.ts";
import { gatherCode } from "../../src/ops/codebook.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { add, multiply, relu, scale, subtract } from "../../src/ops/elementwise.ts";
import { mse, sum } from "../../src/ops/reduce.ts";
import { operations } from "../../src/ops/table.ts";
import { record } from "../../src/ops/updates.ts";
import { variable } from "../../src/ops/variable.ts";
import { Arena } from "../../src/plan/arena.ts";
import { plan, type Program } from "../../src/plan/plan.ts";
import { softwareTarget } from "./targets.ts";

const imageType = floatType([2, 4, 3, 3], "channels_last");
const image = (label: string) => variable(imageType, label);
const weight = variable(floatType([4, 4, 1, 1], "taps_first"), "w");
const bias = variable(floatType([4]), "b");
const window = { stride: [1, 1], padding: [0, 0, 0, 0] } as const;
const convolve = (x: Tensor) => conv2d(x, weight, { ...window, bias });
const mask = (upstream: Tensor, y: Tensor) => apply(operations.relu_gradient, [upstream, y], undefined);

/** Each dispatch's kernel with the chain fused into it, without its tile. */
function dispatches(program: Program): string[] {
  return plan(program, softwareTarget).dispatches.map(({ variant }) => variant.label.replace(/\[.*?\]/, ""));
}

Deno.test("convolution, bias, ReLU, residual and mask become one dispatch", () => {
  const [x, residual, y] = ["x", "residual", "y"].map(image) as [Tensor, Tensor, Tensor];
  const result = mask(add(relu(convolve(x)), residual), y);
  const planned = plan({ results: [result] }, softwareTarget);
  assertEquals(planned.dispatches.length, 1);
  const [{ variant, bindings, label, operation }] = planned.dispatches as [typeof planned.dispatches[0]];
  assertEquals(variant.label.replace(/\[.*\]/, ""), "conv2d_narrow_subgroup +relu+add+relu_gradient");
  assertEquals(bindings.map(({ name }) => name), ["x", "w", "y", "bias", "operand0", "operand1"]);
  assertEquals([label, operation], ["relu_gradient", "conv2d"]);
  const at = (name: string) => bindings.find((binding) => binding.name === name)!.location;
  assertEquals(at("operand0"), planned.locations.get(residual));
  assertEquals(at("operand1"), planned.locations.get(y));
  assertEquals(at("y"), planned.locations.get(result));
  assertEquals(
    [...variant.code.matchAll(/^ *(value = .*;)$/gm)].map(([, line]) => line),
    [
      "value = max(value, vec4f());",
      "value = (value + operand0[index]);",
      "value = select(vec4f(), value, operand1[index] > vec4f());",
    ],
  );
});

Deno.test("the operands' bytes count as traffic", () => {
  const [x, residual] = [image("x"), image("residual")];
  const [plain] = plan({ results: [convolve(x)] }, softwareTarget).dispatches;
  const [fused] = plan({ results: [add(convolve(x), residual)] }, softwareTarget).dispatches;
  assertEquals(fused!.bytes - plain!.bytes, 4 * 72);
});

Deno.test("an elementwise chain is one dispatch, applied to its first operand", () => {
  const [a, b] = [image("a"), image("b")];
  const planned = plan({ results: [scale(subtract(relu(a), b), 0.5)] }, softwareTarget);
  assertEquals(planned.dispatches.map(({ variant }) => variant.label), ["elementwise +relu+subtract+scale"]);
  assertEquals(planned.dispatches[0]!.bindings.map(({ name }) => name), ["x", "y", "operand0"]);
});

Deno.test("the chain's value may be the second operand, or both", () => {
  const [x, a] = [image("x"), image("a")];
  const code = (result: Tensor) => plan({ results: [result] }, softwareTarget).dispatches[0]!.variant.code;
  assert(code(subtract(a, convolve(x))).includes("value = (operand0[index] - value);"));
  const y = convolve(x);
  assert(code(multiply(y, y)).includes("value = (value * value);"));
});

Deno.test("a chain may read its own input again", () => {
  const [x, y] = [image("x"), image("y")];
  const planned = plan({ results: [add(x, multiply(relu(x), y))] }, softwareTarget);
  assertEquals(planned.dispatches.map(({ variant }) => variant.label), ["elementwise +relu+multiply+add"]);
  const [{ variant, bindings }] = planned.dispatches as [typeof planned.dispatches[0]];
  assertEquals(bindings.map(({ name }) => name), ["x", "y", "operand0"]);
  assert(variant.code.includes("value = (x[index] + value);"), variant.code);
});

Deno.test("chains fuse into gathering codes and into the second step of a split sum", () => {
  const codes = variable({ shape: [2, 3, 3], dtype: "u32", layout: "flat" }, "codes");
  const embed = variable(floatType([4, 9], "codes_first"), "embed");
  assertEquals(dispatches({ results: [relu(gatherCode(codes, embed, image("x")))] }), ["gather_code +relu"]);
  const large = variable(floatType([8, 4, 64, 64], "channels_last"), "large");
  const summed = apply(operations.channel_sum, [large], undefined);
  // The chain is fused into the last dispatch of a lowering.
  assertEquals(dispatches({ results: [scale(summed, 2)] }), ["channel_sum", "sum_partials +scale"]);
});

Deno.test("nothing is fused into kernels without `finish`", () => {
  const [a, b] = [image("a"), image("b")];
  assertEquals(dispatches({ results: [relu(concat([a, b]))] }), [
    "copy_channels",
    "copy_channels",
    "elementwise +relu",
  ]);
  assertEquals(dispatches({ results: [scale(sum(a), 2)] }), ["reduce", "elementwise +scale"]);
});

Deno.test("a result of the program stays in memory", () => {
  const x = image("x");
  const y = convolve(x), z = relu(y);
  assertEquals(dispatches({ results: [z] }), ["conv2d_narrow_subgroup +relu"]);
  assertEquals(dispatches({ results: [y, z] }), ["conv2d_narrow_subgroup", "elementwise +relu"]);
});

Deno.test("a member of an arena stays in memory", () => {
  const y = convolve(image("x"));
  const arenas = [new Arena("arena", [y], variable)];
  assertEquals(dispatches({ results: [relu(y)], arenas }), ["conv2d_narrow_subgroup", "elementwise +relu"]);
});

Deno.test("a value with two readers stays in memory", () => {
  const y = convolve(image("x"));
  assertEquals(dispatches({ results: [relu(y), sum(y)] }), [
    "conv2d_narrow_subgroup",
    "elementwise +relu",
    "reduce",
  ]);
});

Deno.test("a chain is not applied to a value of another shape", () => {
  const [a, b] = [image("a"), image("b")];
  // The scalar is computed first, in a dispatch of its own.
  const factor = mse(a, b);
  const result = apply(operations.mse_gradient, [a, b, scale(factor, 2)], { factor: 1 });
  const planned = plan({ results: [result] }, softwareTarget);
  assertEquals(planned.dispatches.map(({ variant }) => variant.label.replace(/\[.*?\]/, "")), [
    "reduce",
    "elementwise +scale",
    "elementwise +mse_gradient",
  ]);
  assert(planned.dispatches[2]!.variant.code.includes("operand1[0].x"));
});

Deno.test("a chain binds at most three operands", () => {
  const operands = ["a", "b", "c", "d", "e"].map(image);
  const result = operands.reduce((value, operand) => add(value, operand), convolve(image("x")));
  assertEquals(dispatches({ results: [result] }), [
    "conv2d_narrow_subgroup +add+add+add",
    "elementwise +add+add",
  ]);
  // A tensor that is read several times is one operand.
  const repeated = operands.reduce((value) => add(value, operands[0]!), convolve(image("x")));
  assertEquals(dispatches({ results: [repeated] }), ["conv2d_narrow_subgroup +add+add+add+add+add"]);
  for (const { bindings } of plan({ results: [result] }, softwareTarget).dispatches) {
    assert(bindings.length <= 8, "WebGPU promises eight storage buffers");
  }
});

Deno.test("a node fuses into the later of two inputs, and the other is computed before it", () => {
  const first = conv2d(image("x"), weight, { ...window, label: "first" });
  const second = conv2d(image("y"), weight, { ...window, label: "second" });
  const { dispatches: made, locations } = plan({ results: [add(first, second)] }, softwareTarget);
  assertEquals(made.map(({ label, variant }) => [label, variant.label.replace(/\[.*?\]/, "")]), [
    ["first", "conv2d_narrow_subgroup"],
    ["add", "conv2d_narrow_subgroup +add"],
  ]);
  assertEquals([...locations.keys()].filter(({ operation }) => operation.name === "conv2d"), []);
});

Deno.test("no node moves past an update, which may change what it reads", () => {
  const [step, ring] = [variable(floatType([4]), "step"), variable(floatType([8, 1]), "ring")];
  const before = scale(ring, 2);
  const effect = record(step, ring, [variable(floatType([]), "loss")]);
  const after = relu(before);
  assertEquals(
    plan({ results: [after], effects: [effect] }, softwareTarget).dispatches.map(({ operation }) =>
      operation
    ),
    ["scale", "record", "relu"],
  );
  // Without the update between them, they are fused.
  assertEquals(dispatches({ results: [after] }), ["elementwise +scale+relu"]);
});
