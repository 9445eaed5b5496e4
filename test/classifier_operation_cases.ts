/** Cases of the operations that a classifier adds: pooling, the sigmoid and its loss. */

import type { CaseInput, OperationCase } from "./case_values.ts";

interface PoolOptions {
  stride?: [number, number];
  padding?: [number, number, number, number];
  ceilMode?: boolean;
  countIncludePadding?: boolean;
  /** What the values are, if not spread over [−100, 100). */
  values?: Omit<CaseInput, "shape">;
}

type Pool = [name: string, x: number[], kernel: [number, number], options?: PoolOptions];

/** Values lie far apart, so that finite differences do not change which of them is the largest. */
const apart = { low: -100, high: 100 };

function pool(operation: string, [name, shape, kernel, options = {}]: Pool): OperationCase {
  const { stride = kernel, padding = [0, 0, 0, 0], values = apart, ...modes } = options;
  const attributes = { kernel, stride, padding, ...modes };
  return { operation, name, inputs: [{ shape, ...values }], attributes, golden: true };
}

const stem: PoolOptions = { stride: [2, 2], padding: [1, 1, 1, 1] };

const windows: Pool[] = [
  ["one by one", [1, 1, 1, 1], [1, 1]],
  ["2x2, the transition of DenseNet", [2, 128, 8, 8], [2, 2]],
  ["2x2, 33 channels", [8, 33, 6, 6], [2, 2]],
  ["2x2 leaves a rim unread", [1, 2, 5, 7], [2, 2]],
  ["2x2, stride 3 leaves gaps", [2, 3, 8, 10], [2, 2], { stride: [3, 3] }],
  ["3x3, the stem of DenseNet", [2, 64, 16, 16], [3, 3], stem],
  ["3x3, a single pixel", [2, 3, 1, 1], [3, 3], stem],
  ["3x3, odd size and channels", [2, 5, 7, 9], [3, 3], stem],
  ["3x3, stride 1", [3, 4, 5, 6], [3, 3], { stride: [1, 1], padding: [1, 1, 1, 1] }],
  ["3x2, stride 2 by 1", [2, 6, 7, 5], [3, 2], { stride: [2, 1], padding: [1, 0, 1, 0] }],
  ["1x4, stride 1 by 3", [2, 3, 3, 11], [1, 4], { stride: [1, 3], padding: [0, 2, 0, 2] }],
  ["3x3, uneven padding", [2, 5, 6, 8], [3, 3], { stride: [2, 2], padding: [0, 1, 2, 0] }],
  ["5x5, padding 2", [1, 3, 6, 7], [5, 5], { stride: [3, 2], padding: [2, 2, 2, 2] }],
  ["16x16, as many places as a byte counts", [1, 3, 16, 20], [16, 16], { stride: [1, 1] }],
  ["3x3, the last window hangs over", [2, 5, 6, 8], [3, 3], { stride: [2, 2], ceilMode: true }],
  ["3x3, padded, the last window hangs over", [1, 4, 6, 8], [3, 3], { ...stem, ceilMode: true }],
  // The padded input of 6 by 6 has room for a second window's beginning, which would lie behind the input.
  ["3x3, no window in the padding alone", [2, 3, 4, 4], [3, 3], {
    stride: [5, 5],
    padding: [1, 1, 1, 1],
    ceilMode: true,
  }],
];

const maxPoolCases = [
  ...windows,
  ["all below zero", [2, 5, 5, 7], [3, 3], { ...stem, values: { low: -9, high: -1 } }],
  ["equal maxima", [2, 5, 8, 9], [3, 3], { ...stem, values: { low: -2, high: 2, kind: "integers" } }],
].map((each) => pool("max_pool2d", each as Pool));

const averagePoolCases = [
  ...windows,
  ...windows.filter(([, , , options]) => options?.padding).map(([name, x, kernel, options]): Pool => [
    `${name}, padding not counted`,
    x,
    kernel,
    { ...options, countIncludePadding: false },
  ]),
].map((each) => pool("average_pool2d", each));

const imageShapes = [[1, 1, 1, 1], [3, 5, 1, 1], [2, 3, 5, 7], [8, 33, 3, 3], [2, 128, 16, 16], [
  1,
  1024,
  2,
  2,
]];

const globalCases = imageShapes.map((shape): OperationCase => ({
  operation: "global_average_pool2d",
  name: shape.join("x"),
  inputs: [{ shape }],
  attributes: {},
  golden: true,
}));

function sigmoid(shape: number[], high = 4): OperationCase {
  const name = `${shape.join("x") || "a scalar"}, up to ${high}`;
  return { operation: "sigmoid", name, inputs: [{ shape, low: -high, high }], attributes: {}, golden: true };
}

const sigmoidCases = [
  ...[[], [1], [7], [16, 48], [2, 3, 5, 7], [64, 14, 1, 1], [3, 1, 1, 1]].map((shape) => sigmoid(shape)),
  sigmoid([16, 48], 200),
  sigmoid([64, 14, 1, 1], 200),
];

/** `loss` says by what PyTorch computes it: see test/golden/classifier_operations.py. */
function logisticLoss(
  name: string,
  shape: number[],
  high: number,
  loss: "bce" | "bce_with_logits" | "bounded_softplus",
  weights: Omit<CaseInput, "shape"> = { low: 0, high: 1 },
): OperationCase {
  const weight = { shape, ...weights };
  const inputs = [{ shape, low: -high, high }, weight, weight];
  return { operation: "logistic_loss", name, inputs, attributes: { loss }, golden: true };
}

const wholeWeights = { low: 0, high: 2, kind: "integers" as const };

const lossCases = [
  logisticLoss("one logit", [1, 1, 1, 1], 3, "bce"),
  logisticLoss("14 classes", [64, 14, 1, 1], 6, "bce"),
  logisticLoss("weights, and labels between zero and one", [7, 5, 1, 1], 4, "bce"),
  logisticLoss("flat", [9, 3], 4, "bce"),
  logisticLoss("labels that are missing", [16, 6, 1, 1], 8, "bce", wholeWeights),
  logisticLoss("pos_weight", [16, 14, 1, 1], 4, "bce_with_logits"),
  logisticLoss("pos_weight, labels that are missing", [5, 3, 1, 1], 20, "bce_with_logits", wholeWeights),
  logisticLoss("losses near zero", [3, 4, 1, 1], 25, "bce", wholeWeights),
  logisticLoss("beyond the bound of 100", [32, 5, 1, 1], 150, "bounded_softplus"),
];

const scalar: CaseInput = { shape: [] };

function inner(
  operation: string,
  name: string,
  inputs: CaseInput[],
  attributes: Record<string, unknown> = {},
): OperationCase {
  return { operation, name, inputs, attributes };
}

/** Operations of backward passes. PyTorch has none of them by itself, but they make the gradients that its goldens check. */
const backwardCases = [
  inner("max_pool2d_gradient", "overlapping", [{ shape: [2, 5, 7, 9], ...apart }, { shape: [2, 5, 4, 5] }], {
    kernel: [3, 3],
    ...stem,
  }),
  inner("average_pool2d_gradient", "overlapping", [{ shape: [2, 5, 4, 5] }], {
    kernel: [3, 3],
    ...stem,
    size: [7, 9],
  }),
  ...[[7], [2, 3, 5, 7], [64, 14, 1, 1]].flatMap((shape) => [
    inner("sigmoid_gradient", shape.join("x"), [{ shape }, { shape, low: 0, high: 1 }]),
    ...[4, 200].map((high) =>
      inner("logistic_loss_gradient", `${shape.join("x")}, up to ${high}`, [
        { shape, low: -high, high },
        ...[{ shape, low: 0 }, { shape, low: 0 }, scalar],
      ])
    ),
  ]),
];

export const classifierOperationCases: readonly OperationCase[] = [
  ...maxPoolCases,
  ...averagePoolCases,
  ...globalCases,
  ...sigmoidCases,
  ...lossCases,
  ...backwardCases,
];
