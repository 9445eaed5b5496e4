/**
 * Dynamic loss scaling (Micikevicius and others 2018). Small gradients would become zero in float16, so the loss is
 * multiplied by a large factor, and the gradients are divided by it before use. If one of them is not finite, the
 * factor was too large: it shrinks, and the step changes nothing. All of this happens on the GPU.
 */

import { floatType } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import source from "../../kernels/loss_scale.wgsl" with { type: "text" };
import { anyLayout, flat, predecessors, scalar } from "./inputs.ts";
import { lowerReduction } from "./reduce.ts";
import { notDifferentiable, requireType, streamingCost } from "./support.ts";

const kernel: Kernel = { name: "loss_scale", source };

/**
 * The number of elements that are infinite or NaN. It tests their bits, because compilers may assume finite numbers.
 */
const countNonFiniteOperation: Operation<undefined> = {
  name: "count_non_finite",
  inputs: [anyLayout("input", ["f32"]), predecessors],
  infer: () => floatType([]),
  gradient: notDifferentiable("count_non_finite"),
  lower(node, lowering) {
    const exponent = "vec4u(0x7f800000u)";
    const term = `select(vec4f(), vec4f(1.0), (bitcast<vec4u>(a[i]) & ${exponent}) == ${exponent})`;
    lowerReduction(node, lowering, { term, factor: 1, inputs: node.inputs.slice(0, 1) });
  },
  reference: ([x]) => Float64Array.of(x!.filter((value) => !Number.isFinite(value)).length),
  cost: (node) => streamingCost(node, 0),
};

/** The state of loss scaling, which lasts from step to step. */
export interface LossScaleState {
  /** The factor, a scalar. */
  scale: Tensor;
  /** The number of steps since the factor last changed, a scalar. */
  goodSteps: Tensor;
  /** [1 − β₁ᵗ, 1 − β₂ᵗ] after t steps of Adam; a skipped step does not count. */
  corrections: Tensor;
}

/** The constants of PyTorch's GradScaler, and two of Adam's. */
export interface LossScaleAttributes {
  beta1: number;
  beta2: number;
  /** The factor is multiplied by this after `interval` good steps. */
  growth: number;
  /** The factor is multiplied by this after a step with a gradient that is not finite. */
  backoff: number;
  /** The number of good steps after which the factor grows. */
  interval: number;
}

/**
 * Inputs (step, number of non-finite gradients, scale, good steps, corrections) to Adam's step; updates the last three
 * in place.
 */
const lossScaleOperation: Operation<LossScaleAttributes> = {
  name: "loss_scale",
  inputs: [
    flat("step"),
    scalar("number of non-finite gradients"),
    scalar("scale"),
    scalar("good steps"),
    flat("corrections"),
  ],
  infer([step, , , , corrections]) {
    requireType("loss_scale", "step", step!, [4]);
    requireType("loss_scale", "corrections", corrections!, [2]);
    return floatType([4]);
  },
  gradient: notDifferentiable("loss_scale"),
  lower(node, lowering) {
    const [step, nonFinite, scale, goodSteps, corrections] = node.inputs as Tensor[];
    const { beta1, beta2, growth, backoff, interval } = node.attributes as LossScaleAttributes;
    lowering.dispatch({
      kernel,
      constants: {},
      bindings: {
        step: step!,
        non_finite: nonFinite!,
        scale: scale!,
        good_steps: goodSteps!,
        corrections: corrections!,
        y: node,
      },
      params: {
        beta1,
        beta2,
        one_minus_beta1: 1 - beta1,
        one_minus_beta2: 1 - beta2,
        growth,
        backoff,
        interval,
      },
      workgroups: 1,
      ...node.operation.cost(node),
    });
  },
  reference([step, nonFinite, scale, goodSteps, corrections], node) {
    const { beta1, beta2, growth, backoff, interval } = node.attributes as LossScaleAttributes;
    const [factor, good] = [scale![0]!, goodSteps![0]! + 1];
    if (nonFinite![0] !== 0) return Float64Array.of(factor * backoff, 0, ...corrections!, 0, 0, 0, 0);
    const [first, second] = [beta1, beta2].map((beta, index) => beta * corrections![index]! + 1 - beta) as [
      number,
      number,
    ];
    const grown = good >= interval;
    const state = [grown ? factor * growth : factor, grown ? 0 : good, first, second];
    return Float64Array.of(...state, step![0]! / first, 1 / Math.sqrt(second), 1 / factor, 0);
  },
  updates: ({ inputs }) => inputs.slice(2),
  cost: (node) => streamingCost(node, 4),
};

/**
 * The number of elements of x that are infinite or NaN, a scalar []. `after` are the nodes that write x, if x is an
 * arena.
 *
 * @throws {RangeError} if x is not float32
 */
export function countNonFinite(x: Tensor, after: readonly Tensor[] = []): Tensor {
  return apply(countNonFiniteOperation, [x, ...after], undefined);
}

/**
 * The `step` [4] of {@linkcode adam} for the gradients of a scaled loss, from a `step` [4] that begins with the
 * learning rate. The result is [rate / (1 − β₁ᵗ), 1 / √(1 − β₂ᵗ), 1 / scale, 0]; it is all zeros, which skips the step,
 * if `nonFinite` [] is not zero. Updates the state in place.
 *
 * @throws {RangeError} if an input has another shape
 */
export function lossScale(
  step: Tensor,
  nonFinite: Tensor,
  { scale, goodSteps, corrections }: LossScaleState,
  attributes: LossScaleAttributes,
): Tensor {
  return apply(lossScaleOperation, [step, nonFinite, scale, goodSteps, corrections], attributes);
}

export { countNonFiniteOperation, lossScaleOperation };
