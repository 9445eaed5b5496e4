/**
 * Batch normalisation (Ioffe and Szegedy 2015) and the ReLU that follows it. For each channel:
 *
 *     y = max(γ · (x − mean) / √(variance + ε) + β, 0)
 *
 * It consists of three operations. `moments` depend on the input alone, so that all layers that read a channel share
 * them. `coefficients` turn them into one layer's factor and addend. `normalise` applies these. Convolutions apply them
 * as they load their input, so that the result is never stored; the backward pass computes it again.
 */

import { divideUp } from "../graph/layout.ts";
import { type DispatchRequest, type Kernel, Scratch } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, applyInto, auxiliaryResult, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import normaliseSource from "../../kernels/normalise.wgsl" with { type: "text" };
import gradientSource from "../../kernels/normalise_gradient.wgsl" with { type: "text" };
import sumsSource from "../../kernels/normalise_sums.wgsl" with { type: "text" };
import { coefficientsOperation, runningCoefficientsOperation } from "./coefficients.ts";
import { channelRows, flat, images, optional } from "./inputs.ts";
import { shortestChunk } from "./moments.ts";
import { columnTiles, positionCount, splitPositions } from "./split_sums.ts";
import {
  floatOf,
  imageExtents,
  notDifferentiable,
  requireType,
  rowParams,
  streamingCost,
} from "./support.ts";

const normaliseKernel: Kernel = { name: "normalise", source: normaliseSource, parts: kernelParts };
const gradientKernel: Kernel = { name: "normalise_gradient", source: gradientSource, parts: kernelParts };
const sumsKernel: Kernel = { name: "normalise_sums", source: sumsSource, parts: kernelParts };

interface NormaliseAttributes {
  /** True if ReLU follows. */
  relu: boolean;
}

/** Inputs (x, coefficients[, moments, γ, β]): the last three are there for their gradients only. */
const normaliseOperation: Operation<NormaliseAttributes> = {
  name: "normalise",
  inputs: [
    images(),
    channelRows("coefficients"),
    optional(channelRows("moments")),
    optional(flat("weight γ")),
    optional(flat("bias β")),
  ],
  recomputed: true,
  infer([x, coefficients]) {
    const { channels } = imageExtents(x!);
    requireType("normalise", "coefficients", coefficients!, [1, channels, 4, 1]);
    return x!;
  },
  gradient({ inputs, attributes }, upstream, sums) {
    const [x, coefficients, moments, gamma, beta] = inputs as [Tensor, Tensor, Tensor?, Tensor?, Tensor?];
    if (!moments || !gamma || !beta) {
      throw new RangeError(
        "Cannot differentiate normalise: its coefficients come from running statistics, which are constants",
      );
    }
    const [sum, , momentsSum] = sums;
    const node = applyInto(
      normaliseGradientOperation,
      [upstream, x, coefficients, ...[sum, momentsSum].filter((each) => each !== undefined)],
      { ...attributes, adds: sum !== undefined, addsMoments: momentsSum !== undefined },
      sum && { host: sum, channel: 0 },
    );
    return [node, undefined, ...auxiliaryGradients(node, { moments, gamma, beta }, momentsSum)];
  },
  lower(node, lowering) {
    const [x, coefficients] = node.inputs as [Tensor, Tensor];
    const positions = positionCount(x);
    const quads = divideUp(x.shape[1]!, 4);
    lowering.dispatch({
      kernel: normaliseKernel,
      constants: { RELU: node.attributes.relu },
      bindings: { x, coefficients, y: node },
      params: { positions, quads, ...rowParams({ x }) },
      workgroups: divideUp(positions * quads, 64),
      ...node.operation.cost(node),
    });
  },
  reference([x, coefficients], node) {
    const channelOf = channelsOf(node);
    return x!.map((value, index) => {
      const [scale, shift] = coefficients!.subarray(4 * channelOf(index));
      const y = value * scale! + shift!;
      return node.attributes.relu ? Math.max(y, 0) : y;
    });
  },
  cost: (node) => streamingCost(node, 2),
};

function channelsOf({ type }: Tensor): (index: number) => number {
  const { channels, height, width } = imageExtents(type);
  return (index) => Math.floor(index / (height * width)) % channels;
}

interface GradientAttributes extends NormaliseAttributes {
  /** True if an input is the sum of x's gradients so far, to which the node adds its own in place. */
  adds: boolean;
  /** The same for the gradient of the moments. */
  addsMoments: boolean;
}

/**
 * Inputs (upstream, x, coefficients[, sum][, sum of the moments' gradients]): the gradient for x with constant
 * coefficients. The gradients for the moments, γ and β are auxiliary results.
 */
const normaliseGradientOperation: Operation<GradientAttributes> = {
  name: "normalise_gradient",
  inputs: [
    images("upstream gradient"),
    images(),
    channelRows("coefficients"),
    optional(images("sum of gradients")),
    optional(channelRows("sum of the moments' gradients")),
  ],
  infer([upstream, x, coefficients], { adds }) {
    requireType("normalise_gradient", "upstream gradient", upstream!, x!.shape, floatOf(x!));
    requireType("normalise_gradient", "coefficients", coefficients!, [1, x!.shape[1]!, 4, 1]);
    return { ...x!, layout: adds ? "channels_last" : upstream!.layout };
  },
  gradient: notDifferentiable("normalise_gradient"),
  lower(node, lowering) {
    const [upstream, x, coefficients] = node.inputs as [Tensor, Tensor, Tensor];
    const { relu, adds, addsMoments } = node.attributes as GradientAttributes;
    const { positions, quads, chunk, parts, column_tiles, tiles } = splitPositions(
      x,
      lowering.target,
      shortestChunk,
    );
    const LINES = lowering.target.summingLines;
    const [moments, gamma, beta] = node.auxiliary as [Tensor, Tensor, Tensor];
    const partial = parts > 1 ? new Scratch(32 * parts * quads, `${node.label} partial`) : undefined;
    const finish = { ADD_MOMENTS: addsMoments };
    const rows = rowParams({ m: moments });
    // A single chunk needs no partial sums.
    const sums: Pick<DispatchRequest, "constants" | "bindings" | "params"> = partial
      ? { constants: { WHOLE: false }, bindings: { partial }, params: {} }
      : { constants: { WHOLE: true, ...finish }, bindings: { moments, gamma, beta }, params: rows };
    lowering.dispatch({
      kernel: gradientKernel,
      constants: { LINES, RELU: relu, ADD: adds, ...sums.constants },
      bindings: { d: upstream, x, coefficients, y: node, ...sums.bindings },
      params: {
        positions,
        quads,
        chunk,
        column_tiles,
        tiles,
        ...rowParams({ d: upstream, x, y: node }),
        ...sums.params,
      },
      workgroups: tiles,
      ...node.operation.cost(node),
    });
    if (!partial) return;
    lowering.dispatch({
      kernel: sumsKernel,
      constants: { LINES, ...finish },
      bindings: { partial, coefficients, moments, gamma, beta },
      params: { quads, parts, ...rows },
      workgroups: columnTiles(quads),
      flops: 8 * parts * quads,
      bytes: partial.bytes + 16 * 8 * quads,
    });
  },
  reference([upstream, x, coefficients, ...sums], node) {
    const { relu, adds } = node.attributes as GradientAttributes;
    const channelOf = channelsOf(node);
    return x!.map((value, index) => {
      const [scale, shift] = coefficients!.subarray(4 * channelOf(index));
      const passes = !relu || value * scale! + shift! > 0;
      return (adds ? sums[0]![index]! : 0) + (passes ? upstream![index]! * scale! : 0);
    });
  },
  updates: () => [],
  cost: (node) => streamingCost(node, 8),
};

/** Gradients for the moments, γ and β, which the node's own dispatches write. */
function auxiliaryGradients(
  node: Tensor,
  { moments, gamma, beta }: { moments: Tensor; gamma: Tensor; beta: Tensor },
  momentsSum: Tensor | undefined,
): Tensor[] {
  const channels = gamma.shape[0]!;
  const channelOf = channelsOf(node);
  const { relu } = node.attributes as GradientAttributes;
  /** Σ upstream and Σ upstream · x̂ for each channel, over the elements that ReLU passes. */
  const sums = ([upstream, x, coefficients]: readonly Float64Array[]) => {
    const [plain, weighted] = [new Float64Array(channels), new Float64Array(channels)];
    x!.forEach((value, index) => {
      const channel = channelOf(index);
      const [scale, shift, mean, reciprocal] = coefficients!.subarray(4 * channel);
      if (relu && value * scale! + shift! <= 0) return;
      plain[channel]! += upstream![index]!;
      weighted[channel]! += upstream![index]! * (value - mean!) * reciprocal!;
    });
    return { plain, weighted };
  };
  const toMoments = auxiliaryResult(node, moments.type, `${moments.label} gradient`, (inputs) => {
    const { plain, weighted } = sums(inputs);
    const result = new Float64Array(2 * channels);
    for (let channel = 0; channel < channels; channel++) {
      const [scale, , , reciprocal] = inputs[2]!.subarray(4 * channel);
      result[2 * channel] = -scale! * plain[channel]!;
      result[2 * channel + 1] = -0.5 * scale! * reciprocal! * weighted[channel]!;
    }
    return momentsSum ? result.map((value, index) => value + inputs.at(-1)![index]!) : result;
  });
  if (momentsSum) toMoments.place = { host: momentsSum, channel: 0 };
  return [
    toMoments,
    auxiliaryResult(node, gamma.type, `${gamma.label} gradient`, (inputs) => sums(inputs).weighted),
    auxiliaryResult(node, beta.type, `${beta.label} gradient`, (inputs) => sums(inputs).plain),
  ];
}

/** A layer's weight, bias and running statistics, each [C]. */
export interface NormalisationState {
  gamma: Tensor;
  beta: Tensor;
  runningMean: Tensor;
  runningVariance: Tensor;
}

/**
 * Normalises x [B, C, H, W] by the {@linkcode moments} [1, C, 2, 1] of this batch, as torch.nn.BatchNorm2d does in
 * training. Updates the running statistics, whose variance is the unbiased one. With `relu`, ReLU follows.
 * Defaults: `relu` true, `epsilon` 1e-5, `momentum` 0.1.
 *
 * @throws {RangeError} if the shapes do not match, or a channel has a single value, which has no unbiased variance
 */
export function normaliseBatch(
  x: Tensor,
  moments: Tensor,
  { gamma, beta, runningMean, runningVariance }: NormalisationState,
  { relu = true, epsilon = 1e-5, momentum = 0.1 } = {},
): Tensor {
  const count = positionCount(x);
  if (count < 2) {
    throw new RangeError(
      `Cannot run normalise in training as ${x.label} [${x.shape}] has one value a channel: a larger batch or image is needed`,
    );
  }
  const inputs = [moments, gamma, beta, runningMean, runningVariance];
  const coefficients = apply(coefficientsOperation, inputs, { epsilon, momentum, count });
  return apply(normaliseOperation, [x, coefficients, moments, gamma, beta], { relu });
}

/**
 * Normalises x [B, C, H, W] by running statistics, as torch.nn.BatchNorm2d does in evaluation. The result cannot
 * be differentiated. Defaults: `relu` true, `epsilon` 1e-5.
 *
 * @throws {RangeError} if the shapes do not match
 */
export function normaliseRunning(
  x: Tensor,
  { gamma, beta, runningMean, runningVariance }: NormalisationState,
  { relu = true, epsilon = 1e-5 } = {},
): Tensor {
  const inputs = [runningMean, runningVariance, gamma, beta];
  const coefficients = apply(runningCoefficientsOperation, inputs, { epsilon });
  return apply(normaliseOperation, [x, coefficients], { relu });
}

/** An input as it lies in memory, and the normalisation to apply to each value as it is loaded. */
export interface Loaded {
  x: Tensor;
  coefficients?: Tensor;
  relu: boolean;
}

/**
 * What a convolution loads: if x is the result of a normalisation, that one's input and coefficients, else x itself.
 */
export function unnormalised(x: Tensor): Loaded {
  if (x.operation !== normaliseOperation) return { x, relu: false };
  const [input, coefficients] = x.inputs as [Tensor, Tensor];
  return { x: input, coefficients, relu: (x.attributes as NormaliseAttributes).relu };
}

export { normaliseGradientOperation, normaliseOperation };
