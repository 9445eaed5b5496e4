/** Gradients of the operations against central differences of their references, all in float64. */

import { assert, assertEquals } from "@std/assert";
import { elementCount, floatType } from "../../src/graph/layout.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { gatherCode } from "../../src/ops/codebook.ts";
import { add } from "../../src/ops/elementwise.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { mse, sum } from "../../src/ops/reduce.ts";
import { variable } from "../../src/ops/variable.ts";
import { joinKeys, normalArray, permutation } from "../../src/random.ts";
import { buildCase, caseGradients, differentiableInputs, evaluate, outputWeights } from "../case_graph.ts";
import { caseKey, type OperationCase, operationCases } from "../operation_cases.ts";
import { relativeError } from "../run_graph.ts";

const step = 1e-4;

function isSmall({ inputs, hasKinks }: OperationCase): boolean {
  return !hasKinks && inputs.reduce((count, { shape }) => count + elementCount(shape), 0) <= 6000;
}

/** Σ output · weights for a case's graph, with one input changed. */
function weightedSum(
  operationCase: OperationCase,
  output: Tensor,
  values: ReadonlyMap<Tensor, ArrayLike<number>>,
): number {
  const [result] = evaluate([output], values);
  const weights = outputWeights(operationCase, output);
  return result!.reduce((total, value, index) => total + value * weights[index]!, 0);
}

/** The largest difference, relative to the gradient's largest value, over single elements and one random direction. */
function gradientError(operationCase: OperationCase, input: number): number {
  const graph = buildCase(operationCase);
  const [gradient] = evaluate(caseGradients(operationCase, graph, [input]), graph.values);
  const tensor = graph.inputs[input]!;
  const start = Float64Array.from(graph.values.get(tensor)!);
  const slope = (direction: Float64Array) => {
    const at = (distance: number) =>
      weightedSum(
        operationCase,
        graph.outputs[0]!,
        new Map<Tensor, ArrayLike<number>>(graph.values).set(
          tensor,
          start.map((value, index) => value + distance * direction[index]!),
        ),
      );
    return (at(step) - at(-step)) / (2 * step);
  };
  const key = joinKeys(caseKey(operationCase), input);
  const elements = permutation(key, start.length).subarray(0, 12);
  const directions = Array.from(elements, (element) => {
    const direction = new Float64Array(start.length);
    direction[element] = 1;
    return direction;
  });
  if (!crossesKink(operationCase, start)) directions.push(Float64Array.from(normalArray(key, start.length)));
  const expected = directions.map(slope);
  const actual = directions.map((direction) =>
    direction.reduce((total, value, index) => total + value * gradient![index]!, 0)
  );
  return relativeError(actual, expected);
}

/** True if a step in a random direction, which changes every element, may cross ReLU's kink. */
function crossesKink({ operation }: OperationCase, values: Float64Array): boolean {
  return operation === "relu" && values.some((value) => Math.abs(value) < 5 * step);
}

const differentiable = operationCases.filter((each) => differentiableInputs(each).length > 0);

for (const operation of new Set(differentiable.map((each) => each.operation))) {
  Deno.test(`${operation}: the gradient equals finite differences`, () => {
    const cases = differentiable.filter((each) => each.operation === operation && isSmall(each));
    assert(cases.length > 0);
    const failures = cases.flatMap((each) =>
      differentiableInputs(each).map((input) => ({
        name: each.name,
        input,
        error: gradientError(each, input),
      }))
    ).filter(({ error }) => !(error <= 1e-6));
    assertEquals(failures, []);
  });
}

Deno.test("gather_code: the gradient passes straight through to x", () => {
  const x = variable(floatType([1, 3, 2, 2], "channels_last"), "x");
  const codes = variable({ shape: [1, 2, 2], dtype: "u32", layout: "flat" }, "codes");
  const embed = variable(floatType([3, 5], "codes_first"), "embed");
  const target = variable(x.type, "target");
  const gathered = gatherCode(codes, embed, x);
  const loss = mse(gathered, target);
  const [toX] = gradients(loss, [x]);
  const values = new Map<Tensor, ArrayLike<number>>([
    [x, new Float64Array(12)],
    [codes, [4, 0, 1, 4]],
    [embed, normalArray(1, 15)],
    [target, normalArray(2, 12)],
  ]);
  const [actual, vectors] = evaluate([toX!, gathered], values);
  const expected = vectors!.map((value, index) => 2 / 12 * (value - values.get(target)![index]!));
  assert(relativeError(actual!, expected) < 1e-12);
});

Deno.test("mse: no gradient flows into a target that is marked as given", () => {
  const [a, b] = ["a", "b"].map((label) => variable(floatType([3]), label)) as [Tensor, Tensor];
  const values = new Map<Tensor, ArrayLike<number>>([[a, [1, 2, 4]], [b, [0, 0, 1]]]);
  const gradientsOf = (options?: { targetGiven: boolean }) =>
    evaluate(gradients(add(mse(a, b, options), sum(b)), [a, b]), values).map((each) => Array.from(each));
  const toA = [1, 2, 3].map((value) => value * (2 / 3));
  assertEquals(gradientsOf(), [toA, toA.map((value) => 1 - value)]);
  assertEquals(gradientsOf({ targetGiven: true }), [toA, [1, 1, 1]]);
});
