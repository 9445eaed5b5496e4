/** Gradients of small graphs. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { gradients as differentiate } from "../../src/graph/autodiff.ts";
import { floatType } from "../../src/graph/layout.ts";
import { ancestors, storageOf, type Tensor } from "../../src/graph/tensor.ts";
import { codeStatistics, gatherCode, nearestCode, perplexity } from "../../src/ops/codebook.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { add, multiply, relu, scale, subtract } from "../../src/ops/elementwise.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { moments } from "../../src/ops/moments.ts";
import { normaliseBatch } from "../../src/ops/normalisation.ts";
import { mean, mse, sum } from "../../src/ops/reduce.ts";
import { constant, variable } from "../../src/ops/variable.ts";
import { normalArray } from "../../src/random.ts";
import { evaluate } from "../case_graph.ts";
import { relativeError } from "../run_graph.ts";

const vector = (label: string) => variable(floatType([3]), label);

function valuesOf(tensors: Tensor[], values: [Tensor, number[]][]): number[][] {
  return evaluate(tensors, new Map(values)).map((each) => Array.from(each));
}

Deno.test("the gradients of a tensor with several readers are added", () => {
  const x = vector("x");
  // Σ x³ + 2x − x, whose gradient is 3x² + 1.
  const loss = sum(subtract(add(multiply(multiply(x, x), x), scale(x, 2)), x));
  assertEquals(valuesOf(gradients(loss, [x]), [[x, [1, -2, 0.5]]]), [[4, 13, 1.75]]);
});

Deno.test("both operands may be the same tensor", () => {
  const x = vector("x");
  assertEquals(valuesOf(gradients(sum(multiply(x, x)), [x]), [[x, [1, 2, 3]]]), [[2, 4, 6]]);
  assertEquals(valuesOf(gradients(sum(subtract(x, x)), [x]), [[x, [1, 2, 3]]]), [[0, 0, 0]]);
  assertEquals(valuesOf(gradients(mse(x, x), [x]), [[x, [1, 2, 3]]]), [[0, 0, 0]]);
});

Deno.test("a value within the graph can be a target, and targets may depend on each other", () => {
  const x = vector("x");
  const y = scale(x, 3);
  const [toY, toX] = gradients(sum(multiply(y, y)), [y, x]);
  assertEquals(valuesOf([toY!, toX!], [[x, [1, 2, -1]]]), [[6, 12, -6], [18, 36, -18]]);
});

Deno.test("the loss itself is a target with gradient one", () => {
  const loss = sum(vector("x"));
  const [toLoss] = gradients(loss, [loss]);
  assertEquals(valuesOf([toLoss!], []), [[1]]);
});

Deno.test("an upstream gradient reaches every branch through a scalar", () => {
  const [x, y] = [vector("x"), vector("y")];
  // mean(x)·Σy: gradients Σy / 3 and mean(x).
  const loss = multiply(mean(x), sum(y));
  const result = valuesOf(gradients(loss, [x, y]), [[x, [1, 2, 6]], [y, [1, 1, 1]]]);
  assertEquals(result, [[1, 1, 1], [3, 3, 3]]);
});

Deno.test("no nodes are made for inputs that are not targets", () => {
  const x = variable(floatType([1, 4, 3, 3], "channels_last"), "x");
  const weight = variable(floatType([2, 4, 3, 3], "taps_first"), "w");
  const bias = variable(floatType([2]), "b");
  const window = { stride: [1, 1], padding: [1, 1, 1, 1] } as const;
  const loss = sum(relu(conv2d(x, weight, { ...window, bias })));
  const names = (targets: Tensor[]) =>
    ancestors(gradients(loss, targets)).map(({ operation }) => operation.name);
  assert(names([x]).includes("conv_transpose2d") && !names([x]).includes("conv2d_weight_gradient"));
  assert(names([weight]).includes("conv2d_weight_gradient") && !names([weight]).includes("conv_transpose2d"));
  assertEquals(names([bias]).filter((name) => /weight|transpose/.test(name)), []);
});

Deno.test("choosing codes passes no gradient on, and operations without gradient say so", () => {
  const x = variable(floatType([1, 2, 2, 2], "channels_last"), "x");
  const embed = variable(floatType([2, 4], "codes_first"), "embed");
  const codes = nearestCode(x, embed);
  const [toX] = gradients(mse(gatherCode(codes, embed, x), x), [x]);
  assertEquals(toX!.shape, x.shape);
  assert(ancestors([toX!]).every(({ operation }) => operation.name !== "code_statistics"));
  const loss = add(mse(gatherCode(codes, embed, x), x), perplexity(codeStatistics(codes, x, embed)));
  assertThrows(() => gradients(loss, [x]), RangeError, "Cannot differentiate perplexity: it has no gradient");
});

Deno.test("gradients are summed in a fixed order", () => {
  const build = () => {
    const x = vector("x");
    const loss = sum(add(add(scale(x, 2), scale(x, 3)), scale(x, 5)));
    const first = gradients(loss, [x])[0]!;
    const origin = x.id;
    return ancestors([first]).map((node) => [
      node.operation.name,
      node.attributes?.factor,
      ...node.inputs.map(({ id }) => id - origin),
    ]);
  };
  assertEquals(build(), build());
});

Deno.test("without targets there are no gradients", () => {
  assertEquals(gradients(sum(vector("x")), []), []);
});

Deno.test("a loss that is not a scalar, or does not depend on a target, is refused with its name", () => {
  const [x, y] = [vector("x"), vector("y")];
  assertThrows(
    () => gradients(relu(x), [x]),
    RangeError,
    "Cannot differentiate relu: a loss is a scalar, and its shape is [3]",
  );
  assertThrows(
    () => gradients(sum(x), [x, y]),
    RangeError,
    "Cannot differentiate sum: it does not depend on y",
  );
  const embed = variable(floatType([2, 4], "codes_first"), "embed");
  const images = variable(floatType([1, 2, 2, 2], "channels_last"), "images");
  const gathered = sum(gatherCode(nearestCode(images, embed), embed, images));
  assertThrows(() => gradients(gathered, [embed]), RangeError, "it does not depend on embed");
});

Deno.test("the caller's tools make the sums and the first gradient", () => {
  const x = vector("x");
  const used: string[] = [];
  const tools = {
    add: (first: Tensor, second: Tensor) => (used.push("add"), add(first, second)),
    ones: (like: Tensor) => (used.push(`ones [${like.shape}]`), constant(1, like.shape)),
  };
  differentiate(sum(add(x, x)), [x], tools);
  assertEquals(used, ["ones []", "add"]);
});

Deno.test("a gradient shared by two tensors is not changed in place", () => {
  const type = floatType([2, 4, 3, 1], "channels_last");
  const state = () => {
    const [gamma, beta, runningMean, runningVariance] = ["γ", "β", "mean", "variance"].map((label) =>
      variable(floatType([4]), label)
    ) as [Tensor, Tensor, Tensor, Tensor];
    return { gamma, beta, runningMean, runningVariance };
  };
  const [a, b, weights] = ["a", "b", "weights"].map((label) => variable(type, label)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const [first, second] = [state(), state()];
  const normal = (x: Tensor, layer: ReturnType<typeof state>) =>
    normaliseBatch(x, moments(x), layer, { relu: false });
  // The sum passes one gradient on to both a and b, and b has another reader.
  const own = normal(b, second);
  const both = normal(add(a, b), first);
  const gradientsOf = (loss: Tensor) => gradients(loss, [a, b]);
  const [toA, toB] = gradientsOf(sum(multiply(add(both, own), weights)));
  const [aloneA, aloneB] = gradientsOf(sum(multiply(both, weights)));
  const [ownB] = gradients(sum(multiply(own, weights)), [b]);
  const values = new Map<Tensor, ArrayLike<number>>(
    [a, b, weights].map((tensor, index) => [tensor, normalArray(index, 24)]),
  );
  for (const { gamma, beta, runningMean, runningVariance } of [first, second]) {
    [gamma, beta, runningMean, runningVariance].forEach((each) => values.set(each, [1, 2, 3, 4]));
  }
  const [a1, b1, a2, b2, b3] = evaluate([toA!, toB!, aloneA!, aloneB!, ownB!], values);
  assert(relativeError(a1!, a2!) < 1e-12);
  assert(relativeError(b1!, b2!.map((value, index) => value + b3![index]!)) < 1e-12);
  assert(storageOf(toA!) !== storageOf(toB!));
});
