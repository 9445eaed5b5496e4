/** From a case to a graph, and the graph's values by the operations' float64 references. */

import { ruleAt } from "../src/graph/inputs.ts";
import { elementCount, type Layout } from "../src/graph/layout.ts";
import { ancestors, type AnyOperation, Tensor } from "../src/graph/tensor.ts";
import { sliceChannels } from "../src/ops/channels.ts";
import { multiply } from "../src/ops/elementwise.ts";
import { gradients } from "../src/ops/gradient.ts";
import { sum } from "../src/ops/reduce.ts";
import { operations } from "../src/ops/table.ts";
import { variable } from "../src/ops/variable.ts";
import { caseInputs, caseWeights, type OperationCase } from "./case_values.ts";

type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A case as a graph. */
export interface CaseGraph {
  /** The variables to write, with their values. */
  values: Map<Tensor, Values>;
  /** The case's inputs, in its order; gradients are with respect to these. */
  inputs: Tensor[];
  /** What a test can read after a run: the result, or the variables that an update changed. */
  outputs: Tensor[];
  effects: Tensor[];
}

/** Row-major values of one input. */
export interface InputData {
  shape: readonly number[];
  data: Values;
}

function ruleOf({ operation, accepts }: OperationCase, index: number) {
  const records: Readonly<Record<string, AnyOperation>> = operations;
  const rule = ruleAt(accepts ?? records[operation]?.inputs ?? [], index);
  if (!rule) throw new RangeError(`${operation} has no input ${index}: give its cases a member "accepts"`);
  return rule;
}

/** The layout of an input: images where there is a choice and four axes, else flat. */
function layoutOf(layouts: readonly Layout[], shape: readonly number[]): Layout {
  if (layouts.length === 1) return layouts[0]!;
  return shape.length === 4 && layouts.includes("channels_last") ? "channels_last" : "flat";
}

/** True if some input of the case may be stored as float16. */
export function takesHalves(operationCase: OperationCase): boolean {
  return operationCase.inputs.some((_, index) => ruleOf(operationCase, index).dtypes.includes("f16"));
}

/** True if the case is one graph; Adam's steps are run by their own test. */
export function hasGraph(operationCase: OperationCase): boolean {
  return operationCase.build !== undefined;
}

/**
 * The case's graph over variables that hold `inputs` in place of the case's own values. With `halves`, every input that
 * the operation accepts as float16 is stored as float16.
 */
export function buildGraph(
  operationCase: OperationCase,
  inputs: readonly InputData[],
  halves = false,
): CaseGraph {
  const values = new Map<Tensor, Values>();
  const tensors = inputs.map(({ shape, data }, index) => {
    const { layouts, dtypes } = ruleOf(operationCase, index);
    const half = halves && dtypes.includes("f16");
    const dtype = data instanceof Uint32Array ? "u32" : half ? "f16" : "f32";
    const tensor = variable({ shape, layout: layoutOf(layouts, shape), dtype }, `input ${index}`);
    values.set(tensor, half ? data.map(Math.f16round) : data);
    return tensor;
  });
  const built = operationCase.build!(tensors, operationCase.attributes);
  const { outputs, effects = [] } = built instanceof Tensor ? { outputs: [built] } : built;
  return { values, inputs: tensors, outputs, effects };
}

/** The case as a graph over variables. */
export function buildCase(operationCase: OperationCase, halves = false): CaseGraph {
  const data = caseInputs(operationCase);
  const inputs = operationCase.inputs.map(({ shape, kind }, index) => ({
    shape,
    data: kind === "codes" ? Uint32Array.from(data[index]!) : data[index]!,
  }));
  return buildGraph(operationCase, inputs, halves);
}

/** A tensor with memory of its own, for a test to read: a copy if the tensor lies in another's memory. */
export function readable(tensor: Tensor): Tensor {
  return tensor.place ? sliceChannels(tensor, 0, tensor.shape[1]!) : tensor;
}

/** The case's upstream gradient for its output, as the output's memory holds it. */
export function outputWeights(operationCase: OperationCase, output: Tensor): Float32Array<ArrayBuffer> {
  const weights = caseWeights(operationCase, elementCount(output.shape));
  return output.dtype === "f16" ? weights.map(Math.f16round) : weights;
}

/** The gradients of Σ output · weights for the inputs with the indices `wanted`, added to the graph. */
export function caseGradients(
  operationCase: OperationCase,
  graph: CaseGraph,
  wanted: readonly number[],
): Tensor[] {
  const [output] = graph.outputs;
  const weights = variable(output!.type, "weights");
  graph.values.set(weights, outputWeights(operationCase, output!));
  return gradients(sum(multiply(output!, weights)), wanted.map((index) => graph.inputs[index]!));
}

/** The indices of the inputs that have a gradient. */
export function differentiableInputs({ inputs, gradients }: OperationCase): readonly number[] {
  if (gradients === "none") return [];
  return gradients === "all" ? inputs.map((_, index) => index) : gradients;
}

/** Values of `tensors` by the references, in float64. Updates change the values of their variables. */
export function evaluate(
  tensors: readonly Tensor[],
  values: ReadonlyMap<Tensor, ArrayLike<number>>,
  effects: readonly Tensor[] = [],
) {
  const known = new Map<Tensor, Float64Array>(
    [...values].map(([tensor, data]) => [tensor, Float64Array.from(data)]),
  );
  for (const node of ancestors([...tensors, ...effects])) {
    if (known.has(node)) continue;
    const result = node.operation.reference(node.inputs.map((input) => known.get(input)!), node);
    let at = 0;
    for (const changed of node.operation.updates?.(node) ?? []) {
      const length = elementCount(changed.shape);
      known.set(changed, result.slice(at, at += length));
    }
    known.set(node, result.subarray(at));
  }
  return tensors.map((tensor) => known.get(tensor)!);
}
