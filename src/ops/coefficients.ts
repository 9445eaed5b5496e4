/** The factor and addend of each channel in batch normalisation, from a batch's moments or running statistics. */

import { divideUp, floatType } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import type { Tensor } from "../graph/tensor.ts";
import source from "../../kernels/coefficients.wgsl" with { type: "text" };
import { channelRows, flat } from "./inputs.ts";
import { notDifferentiable, requireType, rowParams, streamingCost } from "./support.ts";

const coefficientsKernel: Kernel = { name: "coefficients", source };

export interface CoefficientsAttributes {
  /** ε, added to the variance. */
  epsilon: number;
}

interface BatchAttributes extends CoefficientsAttributes {
  /** The share of the batch in the new running statistics. */
  momentum: number;
  /** The number of values of each channel in the batch. */
  count: number;
}

/**
 * Inputs (moments, γ, β, running mean, running variance) to four rows [1, C, 4, 1]: factor = γ / √(variance + ε),
 * addend = β − mean · factor, mean, 1 / √(variance + ε). Updates the running statistics in place.
 */
const coefficientsOperation: Operation<BatchAttributes> = {
  name: "coefficients",
  inputs: [
    channelRows("moments"),
    flat("weight γ"),
    flat("bias β"),
    flat("running mean"),
    flat("running variance"),
  ],
  infer([moments, gamma, beta, ...running]) {
    const channels = moments!.shape[1]!;
    requireType("coefficients", "moments", moments!, [1, channels, 2, 1]);
    for (const each of [gamma!, beta!, ...running]) {
      requireType("coefficients", "weight γ, the bias β and the running statistics", each, [channels]);
    }
    return floatType([1, channels, 4, 1], "channels_last");
  },
  gradient: (node) => node.inputs.map(() => undefined),
  lower(node, lowering) {
    const [moments, gamma, beta, runningMean, runningVariance] = node.inputs as Tensor[];
    const { epsilon, momentum, count } = node.attributes as BatchAttributes;
    const channels = node.shape[1]!;
    lowering.dispatch({
      kernel: coefficientsKernel,
      constants: { RUNNING: true, ROWS: true },
      bindings: {
        moments: moments!,
        gamma: gamma!,
        beta: beta!,
        y: node,
        running_mean: runningMean!,
        running_variance: runningVariance!,
      },
      params: {
        channels,
        quads: divideUp(channels, 4),
        ...rowParams({ m: moments! }),
        epsilon,
        momentum,
        one_minus_momentum: 1 - momentum,
        unbiased: count / (count - 1),
      },
      workgroups: divideUp(divideUp(channels, 4), 64),
      ...node.operation.cost(node),
    });
  },
  reference([moments, gamma, beta, ...running], node) {
    const channels = node.shape[1]!;
    const mean = (channel: number) => moments![2 * channel]!;
    const variance = (channel: number) => moments![2 * channel + 1]!;
    const { epsilon, momentum, count } = node.attributes as BatchAttributes;
    const values = referenceCoefficients(channels, mean, variance, gamma!, beta!, epsilon);
    const follow = (old: number, now: number) => (1 - momentum) * old + momentum * now;
    return Float64Array.from([
      ...running[0]!.map((old, channel) => follow(old, mean(channel))),
      ...running[1]!.map((old, channel) => follow(old, variance(channel) * count / (count - 1))),
      ...values,
    ]);
  },
  updates: ({ inputs }) => inputs.slice(3),
  cost: (node) => streamingCost(node, 3),
};

/** Inputs (running mean, running variance, γ, β), each [C], to the same rows [1, C, 4, 1]. */
const runningCoefficientsOperation: Operation<CoefficientsAttributes> = {
  name: "running_coefficients",
  inputs: [flat("running mean"), flat("running variance"), flat("weight γ"), flat("bias β")],
  infer(inputs) {
    const [channels] = inputs[0]!.shape;
    for (const each of inputs) requireType("running_coefficients", "statistics", each, [channels!]);
    return floatType([1, channels!, 4, 1], "channels_last");
  },
  gradient: notDifferentiable("running_coefficients"),
  lower(node, lowering) {
    const [mean, variance, gamma, beta] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
    const channels = node.shape[1]!;
    lowering.dispatch({
      kernel: coefficientsKernel,
      constants: { RUNNING: false, ROWS: false },
      bindings: { moments: mean, variance, gamma, beta, y: node },
      params: {
        channels,
        quads: divideUp(channels, 4),
        m_row: 0,
        m_first: 0,
        epsilon: node.attributes.epsilon,
      },
      workgroups: divideUp(divideUp(channels, 4), 64),
      ...node.operation.cost(node),
    });
  },
  reference: ([mean, variance, gamma, beta], node) =>
    referenceCoefficients(
      node.shape[1]!,
      (channel) => mean![channel]!,
      (channel) => variance![channel]!,
      gamma!,
      beta!,
      node.attributes.epsilon,
    ),
  cost: (node) => streamingCost(node, 3),
};

function referenceCoefficients(
  channels: number,
  mean: (channel: number) => number,
  variance: (channel: number) => number,
  gamma: Float64Array,
  beta: Float64Array,
  epsilon: number,
): Float64Array {
  const values = new Float64Array(4 * channels);
  for (let channel = 0; channel < channels; channel++) {
    const reciprocal = 1 / Math.sqrt(variance(channel) + epsilon);
    const scale = gamma[channel]! * reciprocal;
    values.set([scale, beta[channel]! - mean(channel) * scale, mean(channel), reciprocal], 4 * channel);
  }
  return values;
}

export { coefficientsOperation, runningCoefficientsOperation };
