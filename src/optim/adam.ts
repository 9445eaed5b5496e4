/** Adam over all of a model's parameters in one dispatch. */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Parameter } from "../nn/parameters.ts";
import { adam, type AdamAttributes } from "../ops/adam.ts";
import { variable } from "../ops/variable.ts";
import { Arena } from "../plan/arena.ts";

export const defaultAdam: AdamAttributes = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** Owns the arenas of parameters and of their two moments. */
export class Adam {
  /** Every plan that reads the parameters needs this arena. */
  readonly parameters: Arena;
  /** The moments of each parameter, in the parameters' order. */
  readonly firstMoments: Arena;
  readonly secondMoments: Arena;

  constructor(parameters: readonly Parameter[], private readonly attributes: AdamAttributes = defaultAdam) {
    const copies = (suffix: string) =>
      parameters.map(({ key, tensor }) => variable(tensor.type, `${key}.${suffix}`));
    this.parameters = new Arena("parameters", parameters.map(({ tensor }) => tensor), variable);
    this.firstMoments = new Arena("first moments", copies("exp_avg"), variable);
    this.secondMoments = new Arena("second moments", copies("exp_avg_sq"), variable);
  }

  /** The update for gradients in the parameters' order, and the arenas that the program with it needs. */
  update(step: Tensor, gradients: readonly Tensor[]): { effect: Tensor; arenas: Arena[] } {
    const { parameters, firstMoments, secondMoments } = this;
    const arena = new Arena("gradients", gradients, variable);
    const moments = [firstMoments.tensor, secondMoments.tensor] as const;
    const effect = adam(step, arena.tensor, parameters.tensor, moments, this.attributes, gradients);
    return { effect, arenas: [parameters, firstMoments, secondMoments, arena] };
  }

  /** The two numbers that step `count` (from 1) hands to the kernel, worked out in float64. */
  stepScalars(count: number, learningRate: number): [number, number] {
    const { beta1, beta2 } = this.attributes;
    return [learningRate / (1 - beta1 ** count), 1 / Math.sqrt(1 - beta2 ** count)];
  }
}

/** What the host writes before each step: [rate, scale, slot of the ring, 0]. */
export function stepInput(): Tensor {
  return variable(floatType([4]), "step");
}
