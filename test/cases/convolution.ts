/** Cases of convolution, transposed convolution and the gradient of their weight. */

import { cast } from "../../src/ops/elementwise.ts";
import { conv2d, convTranspose2d } from "../../src/ops/convolution/conv2d.ts";
import { conv2dWeightGradient } from "../../src/ops/convolution/weight_gradient.ts";
import type { Window } from "../../src/ops/convolution/window.ts";
import {
  type CaseDetails,
  type CaseFamily,
  type CaseGroup,
  casesFor,
  type OperationCase,
  refusalsOf,
} from "../case_values.ts";
import { image, tensor, weight, x } from "./tensors.ts";

interface ConvolutionOptions {
  stride?: number | [number, number];
  padding?: number | [number, number, number, number];
  dilation?: number;
  outputPadding?: number | [number, number];
  bias?: boolean;
}

function pair(value: number | [number, number]): [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

const groups: Record<"conv2d" | "conv_transpose2d", CaseGroup> = {
  conv2d: {
    build: ([x, w, b], attributes) => conv2d(x!, w!, { ...attributes, bias: b }),
    gradients: "all",
    golden: true,
  },
  conv_transpose2d: {
    build: ([x, w, b], attributes) => convTranspose2d(x!, w!, { ...attributes, bias: b }),
    gradients: "all",
    golden: true,
  },
};

function convolution(
  operation: "conv2d" | "conv_transpose2d",
  [name, x, weight, options = {}]: [string, number[], number[], ConvolutionOptions?],
): OperationCase {
  const { stride = 1, padding = 0, dilation, outputPadding = 0, bias = false } = options;
  const transposed = operation === "conv_transpose2d";
  const inputs = [{ shape: x }, { shape: weight }];
  if (bias) inputs.push({ shape: [weight[transposed ? 1 : 0]!] });
  const attributes: Record<string, unknown> = {
    stride: pair(stride),
    padding: typeof padding === "number" ? [padding, padding, padding, padding] : padding,
  };
  if (dilation) attributes.dilation = pair(dilation);
  if (transposed) attributes.outputPadding = pair(outputPadding);
  return { ...groups[operation], operation, name, inputs, attributes };
}

const halving: ConvolutionOptions = { stride: 2, padding: 1, bias: true };
const keeping: ConvolutionOptions = { padding: 1, bias: true };

const conv2dCases = ([
  ["one by one, one channel", [1, 1, 1, 1], [1, 1, 1, 1]],
  ["pointwise, odd channels", [2, 3, 5, 7], [5, 3, 1, 1]],
  ["pointwise, 128 to 64, 48 pixels", [1, 128, 6, 8], [64, 128, 1, 1], { bias: true }],
  ["pointwise, 192 to 64", [2, 192, 4, 4], [64, 192, 1, 1], { bias: true }],
  ["pointwise, 32 to 128, end of a residual block", [2, 32, 4, 4], [128, 32, 1, 1], { bias: true }],
  ["pointwise, 128 to 1", [3, 128, 3, 3], [1, 128, 1, 1], { bias: true }],
  ["pointwise, stride 2", [1, 4, 7, 5], [8, 4, 1, 1], { stride: 2 }],
  ["pointwise, padding 1", [1, 2, 3, 4], [3, 2, 1, 1], { padding: 1, bias: true }],
  ["3x3, one channel", [1, 1, 4, 4], [1, 1, 3, 3], { padding: 1 }],
  ["3x3, a single pixel", [2, 4, 1, 1], [4, 4, 3, 3], keeping],
  ["3x3, odd size", [2, 2, 5, 7], [3, 2, 3, 3], keeping],
  ["3x3, batch 3", [3, 3, 5, 7], [4, 3, 3, 3], keeping],
  ["3x3, batch 8", [8, 5, 6, 6], [8, 5, 3, 3], keeping],
  ["3x3, no padding", [2, 4, 5, 7], [8, 4, 3, 3], { bias: true }],
  ["3x3, padding 2", [1, 5, 4, 5], [2, 5, 3, 3], { padding: 2 }],
  ["3x3, padding 3", [1, 2, 3, 3], [4, 2, 3, 3], { padding: 3, bias: true }],
  ["3x3, uneven padding", [2, 3, 6, 5], [5, 3, 3, 3], { padding: [0, 1, 2, 3], bias: true }],
  ["3x3, stride 2, uneven padding", [2, 4, 7, 6], [3, 4, 3, 3], { stride: 2, padding: [1, 0, 0, 1] }],
  ["3x3, stride 2 by 1", [2, 4, 7, 6], [4, 4, 3, 3], { stride: [2, 1], padding: 1, bias: true }],
  ["3x3, stride 3", [1, 3, 10, 8], [4, 3, 3, 3], { stride: 3, padding: 1 }],
  ["3x3, stride 3 leaves a rim unread", [2, 2, 8, 8], [3, 2, 3, 3], { stride: 3, bias: true }],
  ["3x3, dilation 2", [2, 4, 7, 8], [5, 4, 3, 3], { padding: 2, dilation: 2, bias: true }],
  ["3x3, 33 channels to 32", [1, 33, 6, 8], [32, 33, 3, 3], keeping],
  ["3x3, 32 channels to 33", [2, 32, 4, 6], [33, 32, 3, 3], { padding: 1 }],
  ["3x3, 128 to 32, start of a residual block", [2, 128, 4, 4], [32, 128, 3, 3], keeping],
  ["3x3, 64 to 128", [1, 64, 6, 8], [128, 64, 3, 3], keeping],
  ["3x3, 128 to 128", [2, 128, 4, 4], [128, 128, 3, 3], keeping],
  ["3x1", [2, 4, 6, 5], [4, 4, 3, 1], { padding: [1, 0, 1, 0], bias: true }],
  ["1x4, stride 1 by 2", [2, 3, 4, 9], [2, 3, 1, 4], { stride: [1, 2], padding: [0, 1, 0, 2] }],
  ["4x4 halving, 3 to 64, the first layer", [2, 3, 8, 8], [64, 3, 4, 4], halving],
  ["4x4 halving, 64 to 128", [2, 64, 8, 8], [128, 64, 4, 4], halving],
  ["4x4 halving, 128 to 64", [1, 128, 8, 12], [64, 128, 4, 4], halving],
  ["4x4 halving, odd size", [2, 3, 7, 9], [5, 3, 4, 4], halving],
  ["4x4 halving to a single pixel", [3, 8, 2, 2], [4, 8, 4, 4], halving],
  ["4x4, stride 1", [1, 5, 6, 5], [3, 5, 4, 4], { padding: [1, 1, 2, 2] }],
  ["7x7, stride 2, 3 to 64, the first layer of DenseNet", [2, 3, 16, 16], [64, 3, 7, 7], {
    stride: 2,
    padding: 3,
  }],
  ["7x7, larger than the image", [1, 1, 5, 7], [2, 1, 7, 7], { padding: 3, bias: true }],
] as Parameters<typeof convolution>[1][]).map((each) => convolution("conv2d", each));

const convTranspose2dCases = ([
  ["one by one, one channel", [1, 1, 1, 1], [1, 1, 1, 1]],
  ["pointwise, 2 to 3", [2, 2, 5, 7], [2, 3, 1, 1], { bias: true }],
  ["4x4 doubling, one channel", [1, 1, 3, 3], [1, 1, 4, 4], { stride: 2, padding: 1 }],
  ["4x4 doubling, odd size", [2, 2, 5, 7], [2, 3, 4, 4], halving],
  ["4x4 doubling, a single pixel", [3, 4, 1, 1], [4, 8, 4, 4], halving],
  ["4x4 doubling, 64 to 3, the last layer", [2, 64, 4, 4], [64, 3, 4, 4], halving],
  ["4x4 doubling, 128 to 64", [2, 128, 4, 4], [128, 64, 4, 4], halving],
  ["4x4 doubling, 64 to 64", [1, 64, 3, 5], [64, 64, 4, 4], halving],
  ["4x4 doubling, 33 to 5, 48 pixels", [1, 33, 6, 8], [33, 5, 4, 4], halving],
  ["4x4 doubling, batch 8", [8, 5, 3, 3], [5, 4, 4, 4], halving],
  ["4x4 doubling without bias, 32 to 1", [2, 32, 4, 4], [32, 1, 4, 4], { stride: 2, padding: 1 }],
  ["3x3, stride 1", [2, 3, 5, 4], [3, 4, 3, 3], keeping],
  ["3x3, stride 1, no padding", [1, 4, 3, 5], [4, 2, 3, 3]],
  ["3x3 doubling, output padding", [2, 3, 4, 5], [3, 4, 3, 3], { ...halving, outputPadding: 1 }],
  ["3x3, stride 3 by 2, output padding on one axis", [1, 2, 3, 4], [2, 3, 3, 3], {
    stride: [3, 2],
    padding: 1,
    outputPadding: [2, 0],
    bias: true,
  }],
  ["2x2, stride 3 leaves gaps", [1, 3, 3, 2], [3, 2, 2, 2], { stride: 3, bias: true }],
  ["4x4, uneven padding", [2, 4, 4, 3], [4, 3, 4, 4], { stride: 2, padding: [1, 0, 2, 1], bias: true }],
  ["7x7, stride 3", [1, 3, 4, 3], [3, 2, 7, 7], { stride: 3, padding: 3 }],
] as Parameters<typeof convolution>[1][]).map((each) => convolution("conv_transpose2d", each));

/** Edges of 4 × 4 tiles, with enough channels for every variant. They have no golden values; the cases above have. */
const tileEdgeCases = [
  convolution("conv2d", ["4x4 halving, odd size, 9 to 12", [2, 9, 7, 11], [12, 9, 4, 4], halving]),
  convolution("conv2d", ["4x4 halving, 18 rows, 8 to 8", [1, 8, 18, 6], [8, 8, 4, 4], halving]),
  convolution("conv2d", ["3x3, odd size, 9 to 12", [2, 9, 5, 7], [12, 9, 3, 3], keeping]),
  convolution("conv2d", ["3x3, uneven padding, 8 to 9", [2, 8, 6, 5], [9, 8, 3, 3], {
    padding: [0, 1, 2, 2],
  }]),
  convolution("conv_transpose2d", ["4x4 doubling, odd size, 12 to 9", [2, 12, 5, 7], [12, 9, 4, 4], halving]),
  convolution("conv_transpose2d", ["4x4 doubling, output padding, 8 to 8, odd size", [1, 8, 4, 5], [
    8,
    8,
    4,
    4,
  ], {
    ...halving,
    outputPadding: 1,
  }]),
].map((each): OperationCase => ({ ...each, golden: false }));

function weightGradient(
  name: string,
  x: number[],
  upstream: number[],
  kernel: [number, number],
  stride: number,
  padding: number,
): CaseDetails {
  const window = { stride: [stride, stride], padding: [padding, padding, padding, padding] };
  return { name, inputs: [{ shape: x }, { shape: upstream }], attributes: { ...window, kernel } };
}

const weightGradientCases = casesFor("conv2d_weight_gradient", {
  build: ([x, d], attributes) => conv2dWeightGradient(x!, d!, attributes.kernel, attributes),
  gradients: "none",
}, [
  weightGradient("one position", [1, 1, 1, 1], [1, 1, 1, 1], [1, 1], 1, 0),
  weightGradient("odd channels", [2, 3, 5, 7], [2, 5, 5, 7], [3, 3], 1, 1),
  weightGradient("split over 512 positions", [2, 5, 16, 16], [2, 6, 16, 16], [3, 3], 1, 1),
  weightGradient(
    "split over 2048 positions, the last chunk short",
    [1, 4, 45, 45],
    [1, 8, 45, 45],
    [
      1,
      1,
    ],
    1,
    0,
  ),
  weightGradient("halving, split", [4, 3, 32, 30], [4, 7, 16, 15], [4, 4], 2, 1),
]);

const plain: Window = { stride: [1, 1], padding: [0, 0, 0, 0] };

const conv2dRefusals = refusalsOf("conv2d", [
  ["three axes", () => conv2d(tensor([4, 5, 7]), weight(3, 4, 3, 3), plain), "[4,5,7]"],
  [
    "flat image",
    () => conv2d(tensor([2, 4, 5, 7]), weight(3, 4, 3, 3), plain),
    "[2,4,5,7], flat",
  ],
  ["in-channels", () => conv2d(x, weight(3, 5, 3, 3), plain), "5 != 4"],
  ["flat weight", () => conv2d(x, tensor([3, 4, 3, 3]), plain), "[3,4,3,3], flat"],
  ["weight of two axes", () => conv2d(x, tensor([3, 4]), plain), "[3,4]"],
  ["bias", () => conv2d(x, weight(3, 4, 3, 3), { ...plain, bias: tensor([4]) }), "3", "[4]"],
  ["window", () => conv2d(x, weight(3, 4, 6, 3), plain), "[6,3]", "[2,4,5,7]"],
  ["a wide weight", () => conv2d(cast(x, "f16"), weight(3, 4, 3, 3), plain), "f16", "f32"],
]);

const convTranspose2dRefusals = refusalsOf("conv_transpose2d", [
  ["in-channels", () => convTranspose2d(x, weight(3, 4, 3, 3), plain), "3 != 4"],
  ["bias", () => convTranspose2d(x, weight(4, 3, 3, 3), { ...plain, bias: tensor([4]) }), "3", "[4]"],
]);

const weightGradientRefusals = refusalsOf("conv2d_weight_gradient", [
  [
    "upstream",
    () => conv2dWeightGradient(x, image(2, 3, 5, 7), [3, 3], plain),
    "[2,3,3,5]",
    "[2,3,5,7]",
  ],
  ["images", () => conv2dWeightGradient(x, image(1, 3, 3, 5), [3, 3], plain), "[2,3,3,5]", "[1,3,3,5]"],
]);

export const convolution2d: CaseFamily = {
  cases: [...conv2dCases, ...convTranspose2dCases, ...tileEdgeCases, ...weightGradientCases],
  refusals: [...conv2dRefusals, ...convTranspose2dRefusals, ...weightGradientRefusals],
};
