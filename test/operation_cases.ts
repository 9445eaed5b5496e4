/**
 * The one table of cases for all operations: tests (GPU against reference), gradient checks, goldens made by PyTorch, and
 * benchmarks read it. A new operation adds its cases here, and nothing else.
 *
 * Shapes are PyTorch's: images [B, C, H, W], convolution weights [out, in, height, width], transposed convolution weights
 * [in, out, height, width], codebooks [dim, codes]. Paddings are [top, left, bottom, right], strides [y, x].
 */

import type { CaseInput, OperationCase } from "./case_values.ts";
import { classifierOperationCases } from "./classifier_operation_cases.ts";
import { convolutionCases } from "./convolution_cases.ts";
import { innerOperationCases } from "./inner_operation_cases.ts";
import { normalisationOperationCases } from "./normalisation_operation_cases.ts";

export * from "./case_values.ts";

/** Cases that differ in their inputs' shapes only; `inputs` of them, all of one shape. */
function sameShapes(operation: string, inputs: number, shapes: number[][], attributes = {}): OperationCase[] {
  return shapes.map((shape) => ({
    operation,
    name: shape.join("x"),
    inputs: Array.from({ length: inputs }, () => ({ shape })),
    attributes,
    golden: true,
  }));
}

const elementwiseShapes = [[1], [7], [16, 48], [1, 1, 1, 1], [2, 3, 5, 7], [1, 128, 6, 8], [8, 33, 3, 3]];

const elementwiseCases: OperationCase[] = [
  ...sameShapes("relu", 1, elementwiseShapes),
  {
    operation: "relu",
    name: "exact zeros",
    inputs: [{ shape: [2, 5, 4, 3], low: -1, high: 2, kind: "integers" }],
    attributes: {},
    golden: true,
  },
  ...sameShapes("add", 2, elementwiseShapes),
  ...sameShapes("subtract", 2, elementwiseShapes),
  ...sameShapes("multiply", 2, elementwiseShapes),
  ...sameShapes("scale", 1, [[2, 3, 5, 7]], { factor: 0.25 }),
  ...sameShapes("scale", 1, [[8, 33, 3, 3], [6]], { factor: -3 }),
  // Whole numbers of this size have a place in float16.
  ...[[2, 3, 5, 7], [6]].map((shape): OperationCase => ({
    operation: "cast",
    name: shape.join("x"),
    inputs: [{ shape, low: -2048, high: 2048, kind: "integers" }],
    attributes: {},
  })),
];

function concat(
  name: string,
  [batch, height, width]: [number, number, number],
  channels: number[],
): OperationCase {
  const inputs = channels.map((count) => ({ shape: [batch, count, height, width] }));
  return { operation: "concat", name, inputs, attributes: { axis: 1 }, golden: true };
}

function sliceChannels(shape: number[], start: number, count: number): OperationCase {
  const name = `${start} to ${start + count} of ${shape[1]}`;
  return {
    operation: "slice_channels",
    name,
    inputs: [{ shape }],
    attributes: { start, count },
    golden: true,
  };
}

const channelCases: OperationCase[] = [
  ...sameShapes("channels_last", 1, [[1, 1, 1, 1], [2, 3, 5, 7], [8, 33, 3, 3], [1, 128, 6, 8]]),
  concat("64 and 128", [2, 4, 4], [64, 128]),
  concat("64 and 64, 48 pixels", [1, 6, 8], [64, 64]),
  concat("one and one", [2, 5, 7], [1, 1]),
  concat("no multiples of four", [3, 3, 5], [3, 2]),
  concat("three inputs", [2, 3, 4], [1, 2, 33]),
  concat("five inputs", [1, 2, 2], [4, 8, 3, 1, 32]),
  sliceChannels([2, 192, 2, 3], 0, 64),
  sliceChannels([2, 192, 2, 3], 64, 128),
  sliceChannels([2, 5, 5, 7], 1, 3),
  sliceChannels([3, 33, 3, 4], 31, 2),
  sliceChannels([1, 4, 1, 2], 0, 4),
];

const reducedShapes = [[1, 1, 1, 1], [2, 3, 5, 7], [1, 64, 6, 8], [8, 33, 3, 3], [2, 128, 16, 16], [
  8,
  3,
  64,
  64,
]];

const reductionCases: OperationCase[] = [
  ...sameShapes("sum", 1, [...reducedShapes, [7], [513]]),
  ...sameShapes("mean", 1, [...reducedShapes, [7], [513]]),
  ...sameShapes("mse", 2, [...reducedShapes, [7]]),
  ...sameShapes("channel_sum", 1, reducedShapes),
];

/** Pixels [batch, height, width] whose vectors are looked up in a codebook of `codes` columns of length `dim`. */
interface Lookup {
  name: string;
  pixels: [number, number, number];
  dim: number;
  codes: number;
  /** Small integers, whose distances are exact in float32: many ties. */
  integers?: boolean;
  repeated?: boolean;
}

const lookups: Lookup[] = [
  { name: "one code", pixels: [1, 2, 3], dim: 4, codes: 1 },
  { name: "dim 1, 9 codes", pixels: [2, 5, 7], dim: 1, codes: 9 },
  { name: "dim 2", pixels: [3, 3, 5], dim: 2, codes: 33 },
  { name: "dim 3, 31 codes", pixels: [1, 6, 8], dim: 3, codes: 31 },
  { name: "dim 8", pixels: [8, 2, 2], dim: 8, codes: 64 },
  { name: "dim 33, 100 codes", pixels: [2, 4, 6], dim: 33, codes: 100 },
  { name: "dim 64, 512 codes", pixels: [2, 4, 4], dim: 64, codes: 512 },
  { name: "dim 64, 500 codes, 48 pixels", pixels: [1, 6, 8], dim: 64, codes: 500 },
  { name: "ties, dim 1", pixels: [2, 5, 7], dim: 1, codes: 40, integers: true },
  { name: "ties, dim 2", pixels: [2, 4, 4], dim: 2, codes: 64, integers: true },
  { name: "ties, dim 5", pixels: [1, 6, 8], dim: 5, codes: 100, integers: true },
  { name: "each code twice, dim 8", pixels: [1, 5, 7], dim: 8, codes: 66, repeated: true },
  { name: "each code twice, dim 64", pixels: [2, 4, 4], dim: 64, codes: 512, repeated: true },
];

function lookupInputs({ pixels: [batch, height, width], dim, codes, integers, repeated }: Lookup) {
  const range = integers ? { low: -2, high: 3, kind: "integers" as const } : {};
  const x: CaseInput = { shape: [batch, dim, height, width], ...range };
  const embed: CaseInput = { shape: [dim, codes], ...range, ...(repeated ? { kind: "repeated" } : {}) };
  const indices: CaseInput = { shape: [batch, height, width], low: 0, high: codes, kind: "codes" };
  return { x, embed, indices };
}

const codebookCases: OperationCase[] = lookups.flatMap((lookup) => {
  const { x, embed, indices } = lookupInputs(lookup);
  const cases: OperationCase[] = [
    { operation: "nearest_code", name: lookup.name, inputs: [x, embed], attributes: {}, golden: true },
  ];
  if (lookup.integers || lookup.repeated) return cases;
  const { name, dim, codes } = lookup;
  const smoothed = { shape: [dim, codes] }, clusterSize = { shape: [codes], low: 0, high: 5 };
  return [
    ...cases,
    { operation: "gather_code", name, inputs: [indices, embed], attributes: {}, golden: true },
    { operation: "code_statistics", name, inputs: [x, indices], attributes: { codes }, golden: true },
    ...[clusterSize, { ...clusterSize, high: 0 }].map((size) => ({
      operation: "ema_update",
      name: size.high === 0 ? `${name}, cluster_size zero` : name,
      inputs: [x, embed, smoothed, size],
      attributes: { decay: 0.99, epsilon: 1e-5 },
      golden: true,
    })),
  ];
});

/** Inputs: the parameter, then the gradient of each step. */
function adam(name: string, shape: number[], steps: number, scale: number, options = {}): OperationCase {
  const gradients = Array.from({ length: steps }, () => ({ shape, low: -scale, high: scale }));
  const attributes = { lr: 3e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, steps, ...options };
  return { operation: "adam", name, inputs: [{ shape }, ...gradients], attributes, golden: true };
}

const adamCases = [
  adam("first step", [5, 3, 1, 1], 1, 1e-3),
  adam("three steps", [8, 5, 3, 3], 3, 1e-2),
  adam("ten steps of a bias", [33], 10, 1),
  adam("gradients of zero", [4, 2], 2, 0),
  adam("gradients near epsilon", [64], 2, 1e-8),
  adam("weight decay", [5, 6, 3, 3], 3, 1e-2, { weightDecay: 1e-6 }),
  adam("weight decay larger than the gradients", [33], 5, 1e-3, { weightDecay: 0.1 }),
  adam("weight decay alone", [4, 2], 2, 0, { weightDecay: 1e-2 }),
  adam("other constants", [3, 7], 4, 0.1, { lr: 0.01, beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }),
];

export const operationCases: readonly OperationCase[] = [
  ...convolutionCases,
  ...elementwiseCases,
  ...channelCases,
  ...reductionCases,
  ...codebookCases,
  ...adamCases,
  ...innerOperationCases,
  ...normalisationOperationCases,
  ...classifierOperationCases,
];

/** The cases of one operation. */
export function casesOf(operation: string): OperationCase[] {
  return operationCases.filter((each) => each.operation === operation);
}
