/** How vqray's operations compute each ONNX node case, or why they cannot. */

import type { OnnxCase } from "./cases.ts";

/** An operation's input, made from an input of the case: transposed (two axes), scaled, then reshaped. */
export interface PlannedInput {
  input: number;
  shape: number[];
  factor?: number;
  transposed?: boolean;
}

/** One operation whose row-major output equals the case's only output. */
export interface PlannedCase {
  operation: string;
  attributes: Record<string, unknown>;
  inputs: PlannedInput[];
}

export type OnnxPlan = PlannedCase | { reason: string };

function elementwise(operation: string, inputs: number): PlannedCase {
  const shape = [3, 4, 5];
  return {
    operation,
    attributes: {},
    inputs: Array.from({ length: inputs }, (_, input) => ({ input, shape })),
  };
}

/** ONNX's pads are [top, left, bottom, right] too. */
function conv2d(
  x: number[],
  stride: [number, number],
  padding: [number, number, number, number],
): PlannedCase {
  const inputs = [{ input: 0, shape: x }, { input: 1, shape: [1, 1, 3, 3] }];
  return { operation: "conv2d", attributes: { stride, padding }, inputs };
}

function convTranspose2d(
  stride: [number, number],
  padding: [number, number, number, number],
  outputPadding: [number, number],
): PlannedCase {
  const inputs = [{ input: 0, shape: [1, 1, 3, 3] }, { input: 1, shape: [1, 2, 3, 3] }];
  return { operation: "conv_transpose2d", attributes: { stride, padding, outputPadding }, inputs };
}

/** By default, ONNX does not count padding in an average. */
function pool2d(
  operation: "max_pool2d" | "average_pool2d",
  x: number[],
  kernel: [number, number],
  { stride = [1, 1], padding = [0, 0, 0, 0], ...modes }: {
    stride?: [number, number];
    padding?: [number, number, number, number];
    ceilMode?: boolean;
    countIncludePadding?: boolean;
  } = {},
): PlannedCase {
  const counted = operation === "average_pool2d" ? { countIncludePadding: false } : {};
  const attributes = { kernel, stride, padding, ...counted, ...modes };
  return { operation, attributes, inputs: [{ input: 0, shape: x }] };
}

function concat(...shapes: number[][]): PlannedCase {
  return {
    operation: "concat",
    attributes: { axis: 1 },
    inputs: shapes.map((shape, input) => ({ input, shape })),
  };
}

const pointwise = { stride: [1, 1], padding: [0, 0, 0, 0] };

/** A matrix product [rows, inner]·[inner, columns] + bias [columns]: a pointwise layer over images of one pixel. */
function gemm(
  [rows, inner, columns]: [number, number, number],
  { transposeA = false, transposeB = false, alpha = 1, beta = 1 } = {},
): PlannedCase {
  const x = { input: 0, shape: [rows, inner, 1, 1], transposed: transposeA };
  const bias = { input: 2, shape: [columns], factor: beta };
  // A transposed second matrix is the weight [out, in] of a convolution, any other that of a transposed convolution.
  if (transposeB) {
    const weight = { input: 1, shape: [columns, inner, 1, 1], factor: alpha };
    return { operation: "conv2d", attributes: pointwise, inputs: [x, weight, bias] };
  }
  const weight = { input: 1, shape: [inner, columns, 1, 1], factor: alpha };
  const attributes = { ...pointwise, outputPadding: [0, 0] };
  return { operation: "conv_transpose2d", attributes, inputs: [x, weight, bias] };
}

const broadcast = {
  reason: "operations on single elements need inputs of one shape: there is no broadcasting",
};
const trainedNormalisation = {
  reason: "running variances are PyTorch's, which divides by one less than ONNX",
};

function batchNorm(epsilon: number): PlannedCase {
  const inputs = [[2, 3, 4, 5], [3], [3], [3], [3]].map((shape, input) => ({ input, shape }));
  return { operation: "batch_norm", attributes: { relu: false, training: false, epsilon }, inputs };
}

const argmin = { reason: "only nearest_code looks for a minimum, that of the distances" };
const reduction = {
  reason: "sum and mean reduce all axes, channel_sum all but the channels; none reduces a single axis",
};

export const onnxPlan: Readonly<Record<string, OnnxPlan>> = {
  test_adam: {
    reason:
      "ONNX's Adam skips the bias correction at T = 0 and adds a norm to the gradient; vqray corrects from step 1 on",
  },
  test_add: elementwise("add", 2),
  test_add_bcast: broadcast,
  test_argmin_keepdims_example: argmin,
  test_argmin_no_keepdims_random: argmin,
  test_averagepool_2d_default: pool2d("average_pool2d", [1, 3, 32, 32], [2, 2]),
  test_averagepool_2d_pads: pool2d("average_pool2d", [1, 3, 28, 28], [3, 3], { padding: [2, 2, 2, 2] }),
  test_averagepool_2d_pads_count_include_pad: pool2d("average_pool2d", [1, 3, 28, 28], [3, 3], {
    padding: [2, 2, 2, 2],
    countIncludePadding: true,
  }),
  test_averagepool_2d_precomputed_strides: pool2d("average_pool2d", [1, 1, 5, 5], [2, 2], { stride: [2, 2] }),
  test_averagepool_2d_strides: pool2d("average_pool2d", [1, 3, 32, 32], [5, 5], { stride: [3, 3] }),
  test_basic_conv_with_padding: conv2d([1, 1, 5, 5], [1, 1], [1, 1, 1, 1]),
  test_batchnorm_epsilon: batchNorm(1e-2),
  test_batchnorm_example: batchNorm(1e-5),
  test_batchnorm_example_training_mode: trainedNormalisation,
  test_concat_2d_axis_0: concat([1, 2, 1, 2], [1, 2, 1, 2]),
  test_concat_2d_axis_1: concat([2, 2, 1, 1], [2, 2, 1, 1]),
  test_concat_3d_axis_1: concat([2, 2, 1, 2], [2, 2, 1, 2]),
  test_conv_with_strides_and_asymmetric_padding: conv2d([1, 1, 7, 5], [2, 2], [1, 0, 1, 0]),
  test_conv_with_strides_no_padding: conv2d([1, 1, 7, 5], [2, 2], [0, 0, 0, 0]),
  test_conv_with_strides_padding: conv2d([1, 1, 7, 5], [2, 2], [1, 1, 1, 1]),
  test_convtranspose: convTranspose2d([1, 1], [0, 0, 0, 0], [0, 0]),
  test_convtranspose_dilations: {
    operation: "conv_transpose2d",
    attributes: { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [2, 2], outputPadding: [0, 0] },
    inputs: [{ input: 0, shape: [1, 1, 3, 3] }, { input: 1, shape: [1, 1, 2, 2] }],
  },
  test_convtranspose_kernel_shape: convTranspose2d([3, 2], [0, 0, 0, 0], [1, 1]),
  test_convtranspose_pads: convTranspose2d([3, 2], [1, 2, 1, 2], [0, 0]),
  test_div: { reason: "there is no division" },
  test_gemm_all_attributes: gemm([3, 4, 5], { transposeA: true, transposeB: true, alpha: 0.25, beta: 0.35 }),
  test_gemm_alpha: gemm([3, 5, 4], { alpha: 0.5 }),
  test_gemm_beta: gemm([2, 7, 4], { beta: 0.5 }),
  test_gemm_default_vector_bias: gemm([2, 7, 4]),
  test_gemm_transposeA: gemm([3, 6, 4], { transposeA: true }),
  test_gemm_transposeB: gemm([3, 6, 4], { transposeB: true }),
  test_globalaveragepool: {
    operation: "global_average_pool2d",
    attributes: {},
    inputs: [{ input: 0, shape: [1, 3, 5, 5] }],
  },
  test_matmul_2d: {
    operation: "conv2d",
    attributes: pointwise,
    inputs: [{ input: 1, shape: [1, 4, 1, 3] }, { input: 0, shape: [3, 4, 1, 1] }],
  },
  test_maxpool_2d_ceil: pool2d("max_pool2d", [1, 1, 4, 4], [3, 3], { stride: [2, 2], ceilMode: true }),
  test_maxpool_2d_default: pool2d("max_pool2d", [1, 3, 32, 32], [2, 2]),
  test_maxpool_2d_pads: pool2d("max_pool2d", [1, 3, 28, 28], [3, 3], { padding: [2, 2, 2, 2] }),
  test_maxpool_2d_precomputed_pads: pool2d("max_pool2d", [1, 1, 5, 5], [5, 5], { padding: [2, 2, 2, 2] }),
  test_maxpool_2d_strides: pool2d("max_pool2d", [1, 3, 32, 32], [5, 5], { stride: [3, 3] }),
  test_mul: elementwise("multiply", 2),
  test_mul_bcast: broadcast,
  test_reduce_mean_do_not_keepdims_random: reduction,
  test_reduce_mean_keepdims_random: reduction,
  test_reduce_sum_do_not_keepdims_random: reduction,
  test_reduce_sum_keepdims_random: reduction,
  test_relu: elementwise("relu", 1),
  test_sigmoid: elementwise("sigmoid", 1),
  test_sub: elementwise("subtract", 2),
  test_sub_bcast: broadcast,
};

/** The row-major inputs of a case's operation. */
export function plannedInputs(
  plan: PlannedCase,
  { inputs }: OnnxCase,
): { shape: number[]; data: Float32Array<ArrayBuffer> }[] {
  return plan.inputs.map(({ input, shape, factor = 1, transposed = false }) => {
    const { shape: [rows = 1, columns = 1], data } = inputs[input]!;
    const at = (index: number) => transposed ? (index % rows) * columns + Math.floor(index / rows) : index;
    return {
      shape,
      data: Float32Array.from({ length: data.length }, (_, index) => factor * data[at(index)]!),
    };
  });
}
