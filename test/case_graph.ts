/** From a case in the table to a graph, and the graph's values by the operations' float64 references. */

import { elementCount, floatType, type Layout } from "../src/graph/layout.ts";
import { ancestors, apply, type Tensor } from "../src/graph/tensor.ts";
import { averagePool2d, globalAveragePool2d } from "../src/ops/average_pooling.ts";
import { channelsLast, concat, sliceChannels } from "../src/ops/channels.ts";
import { channelSum } from "../src/ops/channel_sum.ts";
import { codeStatistics, gatherCode, nearestCode, perplexity } from "../src/ops/codebook.ts";
import { conv2d, convTranspose2d } from "../src/ops/convolution/conv2d.ts";
import { conv2dWeightGradient } from "../src/ops/convolution/weight_gradient.ts";
import { add, cast, mseGradient, multiply, relu, scale, subtract } from "../src/ops/elementwise.ts";
import { gradients } from "../src/ops/gradient.ts";
import { logisticLoss } from "../src/ops/logistic_loss.ts";
import { maxPool2d, maxPool2dGradient } from "../src/ops/max_pooling.ts";
import { mean, mse, sum } from "../src/ops/reduce.ts";
import { sigmoid } from "../src/ops/sigmoid.ts";
import { recordRows } from "../src/ops/record_rows.ts";
import { operations } from "../src/ops/table.ts";
import { countCodes, emaUpdate, record, restartCodes } from "../src/ops/updates.ts";
import { variable } from "../src/ops/variable.ts";
import { normalisationBuilders, normalisationGradients } from "./normalisation_graph.ts";
import { caseInputs, caseWeights, type OperationCase } from "./case_values.ts";

type Values = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A case as a graph. */
export interface CaseGraph {
  /** The variables to be filled, with their values. */
  values: Map<Tensor, Values>;
  /** The case's inputs, in its order; gradients are asked for with respect to these. */
  inputs: Tensor[];
  /** What can be read after a run: the result, or the variables that an update changed. */
  outputs: Tensor[];
  effects: Tensor[];
}

// deno-lint-ignore no-explicit-any
type Attributes = any;
type Builder = (inputs: Tensor[], attributes: Attributes) => { outputs: Tensor[]; effects?: Tensor[] };

const one =
  (build: (inputs: Tensor[], attributes: Attributes) => Tensor): Builder => (inputs, attributes) => ({
    outputs: [build(inputs, attributes)],
  });

const builders: Record<string, Builder> = {
  conv2d: one(([x, w, b], attributes) => conv2d(x!, w!, { ...attributes, bias: b })),
  conv_transpose2d: one(([x, w, b], attributes) => convTranspose2d(x!, w!, { ...attributes, bias: b })),
  conv2d_weight_gradient: one(([x, d], attributes) =>
    conv2dWeightGradient(x!, d!, attributes.kernel, attributes)
  ),
  relu: one(([x]) => relu(x!)),
  relu_gradient: one((inputs) => apply(operations.relu_gradient, inputs, undefined)),
  add: one(([a, b]) => add(a!, b!)),
  subtract: one(([a, b]) => subtract(a!, b!)),
  multiply: one(([a, b]) => multiply(a!, b!)),
  scale: one(([x], { factor }) => scale(x!, factor)),
  cast: one(([x]) => cast(x!, x!.dtype === "f16" ? "f32" : "f16")),
  concat: one((inputs) => concat(inputs)),
  slice_channels: one(([x], { start, count }) => sliceChannels(x!, start, count)),
  place_channels: one((inputs, attributes) => apply(operations.place_channels, inputs, attributes)),
  channels_last: one(([x], { start = 0, count = x!.shape[0]! }) => channelsLast(x!, { start, count })),
  sum: one(([x]) => sum(x!)),
  mean: one(([x]) => mean(x!)),
  mse: one(([a, b]) => mse(a!, b!)),
  mse_gradient: one(([a, b, upstream]) => mseGradient(a!, b!, upstream!)),
  spread: one((inputs, attributes) => apply(operations.spread, inputs, attributes)),
  channel_sum: one(([x]) => channelSum(x!)),
  max_pool2d: one(([x], window) => maxPool2d(x!, window)),
  max_pool2d_gradient: one(([x, upstream], window) => maxPool2dGradient(maxPool2d(x!, window), upstream!)),
  average_pool2d: one(([x], window) => averagePool2d(x!, window)),
  average_pool2d_gradient: one((inputs, window) => apply(operations.average_pool2d_gradient, inputs, window)),
  global_average_pool2d: one(([x]) => globalAveragePool2d(x!)),
  sigmoid: one(([x]) => sigmoid(x!)),
  sigmoid_gradient: one((inputs) => apply(operations.sigmoid_gradient, inputs, undefined)),
  logistic_loss: one(([x, positive, negative]) => logisticLoss(x!, positive!, negative!)),
  logistic_loss_gradient: one((inputs) => apply(operations.logistic_loss_gradient, inputs, undefined)),
  nearest_code: one(([x, embed]) => nearestCode(x!, embed!)),
  gather_code: one(([codes, embed]) => {
    const [images, height, width] = codes!.shape as [number, number, number];
    return gatherCode(
      codes!,
      embed!,
      variable(floatType([images, embed!.shape[0]!, height, width], "channels_last"), "x"),
    );
  }),
  code_statistics: one(([x, codes], attributes) => {
    const embed = variable(floatType([x!.shape[1]!, attributes.codes], "codes_first"), "embed");
    return codeStatistics(codes!, x!, embed);
  }),
  ema_update: ([x, embed, embedAvg, clusterSize], { decay, epsilon }) => {
    const statistics = codeStatistics(nearestCode(x!, embed!), x!, embed!);
    const codebook = { embed: embed!, embedAvg: embedAvg!, clusterSize: clusterSize! };
    return {
      outputs: [embed!, embedAvg!, clusterSize!],
      effects: [emaUpdate(statistics, codebook, decay, epsilon)],
    };
  },
  perplexity: one(([statistics]) => perplexity(statistics!)),
  count_codes: ([statistics, usage]) => ({ outputs: [usage!], effects: [countCodes(statistics!, usage!)] }),
  restart_codes: ([x, key, embed, embedAvg, clusterSize], { threshold, size }) => {
    const codebook = { embed: embed!, embedAvg: embedAvg!, clusterSize: clusterSize! };
    return {
      outputs: [embed!, embedAvg!, clusterSize!],
      effects: [restartCodes(x!, key!, codebook, threshold, size)],
    };
  },
  record_rows: ([step, ring, x], { part, parts }) => ({
    outputs: [ring!],
    effects: [recordRows(step!, ring!, x!, part, parts)],
  }),
  ...normalisationBuilders,
  record: ([step, ring, ...scalars]) => ({ outputs: [ring!], effects: [record(step!, ring!, scalars)] }),
};

/** The layout that an operation expects its input `index` in. */
function layoutOf(operation: string, index: number, shape: readonly number[]): Layout {
  if (/^conv(2d|_transpose2d)$/.test(operation) && index === 1) return "taps_first";
  if (operation === "normalised_conv2d" && index === 3) return "taps_first";
  if (operation === "channels_last") return "flat";
  if (shape.length === 4) return "channels_last";
  const firstOfCodebook = { nearest_code: 1, gather_code: 1, ema_update: 1, restart_codes: 2 }[operation];
  const isCodebook = shape.length === 2 && firstOfCodebook !== undefined && index >= firstOfCodebook;
  return isCodebook ? "codes_first" : "flat";
}

/** Inputs with four axes that are no images or weights, but channels' moments and coefficients: these stay float32. */
const records: Record<string, number> = { moments_gradient: 0, normalise: 1, normalise_gradient: 2 };

/** True where an input can be stored as float16. */
function canBeHalf(operation: string, index: number, shape: readonly number[]): boolean {
  return shape.length === 4 && records[operation] !== index;
}

/** True where the table's operation can be built as one graph; Adam's steps are run by their own test. */
export function hasBuilder(operation: string): boolean {
  return operation in builders;
}

/** One operation over variables of these shapes and row-major values. `halves`: images and weights are stored as float16. */
export function buildGraph(
  operation: string,
  inputs: readonly { shape: readonly number[]; data: Values }[],
  attributes: Attributes,
  halves = false,
): CaseGraph {
  const values = new Map<Tensor, Values>();
  const tensors = inputs.map(({ shape, data }, index) => {
    const layout = layoutOf(operation, index, shape);
    const half = halves && canBeHalf(operation, index, shape);
    const dtype = data instanceof Uint32Array ? "u32" : half ? "f16" : "f32";
    const tensor = variable({ shape, layout, dtype }, `input ${index}`);
    values.set(tensor, half ? data.map(Math.f16round) : data);
    return tensor;
  });
  const { outputs, effects = [] } = builders[operation]!(tensors, attributes);
  return { values, inputs: tensors, outputs, effects };
}

/** The case as a graph over variables. */
export function buildCase(operationCase: OperationCase, halves = false): CaseGraph {
  const { operation, inputs, attributes } = operationCase;
  const data = caseInputs(operationCase);
  const filled = inputs.map(({ shape, kind }, index) => ({
    shape,
    data: kind === "codes" ? Uint32Array.from(data[index]!) : data[index]!,
  }));
  return buildGraph(operation, filled, attributes, halves);
}

/** A tensor with memory of its own, that can be read after a run: a copy of one that lies in another's. */
export function readable(tensor: Tensor): Tensor {
  return tensor.place ? sliceChannels(tensor, 0, tensor.shape[1]!) : tensor;
}

/** The case's upstream gradient for its output, as the output's memory holds it. */
export function outputWeights(operationCase: OperationCase, output: Tensor): Float32Array<ArrayBuffer> {
  const weights = caseWeights(operationCase, elementCount(output.shape));
  return output.dtype === "f16" ? weights.map(Math.f16round) : weights;
}

/** The gradients of Σ output · weights for the inputs that `wanted` names, added to the graph. */
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

const differentiable = new Set([
  ...[
    "conv2d",
    "conv_transpose2d",
    "relu",
    "add",
    "subtract",
    "multiply",
    "scale",
    "cast",
    "concat",
    "slice_channels",
  ],
  ...["place_channels", "sum", "mean", "mse"],
  ...["max_pool2d", "average_pool2d", "global_average_pool2d", "sigmoid"],
]);

/** The inputs of an operation that have a gradient; its straight-through sense, as in gather_code, not counted. */
export function differentiableInputs({ operation, inputs, attributes }: OperationCase): number[] {
  if (operation === "logistic_loss") return [0];
  if (operation === "batch_norm" && !attributes.training) return [];
  const count = normalisationGradients[operation];
  if (count !== undefined) return Array.from({ length: count }, (_, index) => index);
  return differentiable.has(operation) ? inputs.map((_, index) => index) : [];
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
