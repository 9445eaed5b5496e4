/** Adam over all of a model's parameters in one dispatch. */

import { type FloatType, floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HalfCopies, Parameter } from "../nn/parameters.ts";
import { adam, type AdamAttributes } from "../ops/adam.ts";
import { variable } from "../ops/variable.ts";
import { Arena, bindingAlignment } from "../plan/arena.ts";
import { MixedPrecision } from "./mixed_precision.ts";

export const defaultAdam: AdamAttributes = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** Owns the arenas of parameters and of their two moments. */
export class Adam {
  readonly parameters: Arena;
  /** The moments of each parameter, in the parameters' order. */
  readonly firstMoments: Arena;
  readonly secondMoments: Arena;
  /** Where values and their gradients are float16. */
  readonly mixed?: MixedPrecision;
  private readonly alignment: number;

  /** `precision` is that of the values that gradients are made from; parameters and moments are float32 in any case. */
  constructor(
    parameters: readonly Parameter[],
    private readonly attributes: AdamAttributes = defaultAdam,
    readonly precision: FloatType = "f32",
  ) {
    // What begins at even multiples here begins at multiples in the copy of half the size.
    this.alignment = precision === "f16" ? 2 * bindingAlignment : bindingAlignment;
    const copies = (suffix: string) =>
      parameters.map(({ key, tensor }) => variable(tensor.type, `${key}.${suffix}`));
    this.parameters = this.arena("parameters", parameters.map(({ tensor }) => tensor));
    this.firstMoments = this.arena("first moments", copies("exp_avg"));
    this.secondMoments = this.arena("second moments", copies("exp_avg_sq"));
    if (precision === "f16") this.mixed = new MixedPrecision(this.parameters, attributes);
  }

  private arena(label: string, members: readonly Tensor[]): Arena {
    return new Arena(label, members, variable, this.alignment);
  }

  /** The parameters' copies in float16, which a forward pass takes; undefined in float32. */
  get halves(): HalfCopies | undefined {
    return this.mixed?.halves;
  }

  /** What every plan that reads the parameters needs. */
  get arenas(): Arena[] {
    return this.mixed ? [this.parameters, this.mixed.copies] : [this.parameters];
  }

  /** An arena for gradients in the parameters' order. */
  gather(gradients: readonly Tensor[]): Arena {
    return this.arena("gradients", gradients);
  }

  /** The update by the gradients in an arena of {@linkcode gather}, and the arenas that the program with it needs. */
  apply(step: Tensor, gradients: Arena): { effect: Tensor; arenas: Arena[] } {
    const { parameters, firstMoments, secondMoments, mixed } = this;
    const moments = [firstMoments.tensor, secondMoments.tensor] as const;
    const own = mixed ? mixed.step(step, gradients) : step;
    const attributes = { ...this.attributes, scaled: mixed !== undefined };
    const effect = adam(own, gradients.tensor, parameters.tensor, moments, attributes, gradients.members);
    return { effect, arenas: [...this.arenas, firstMoments, secondMoments, gradients] };
  }

  /** What is zero before the first step. */
  get running(): Tensor[] {
    const corrections = this.mixed ? [this.mixed.state.corrections] : [];
    return [...this.firstMoments.members, ...this.secondMoments.members, ...corrections];
  }

  /**
   * The two numbers that step `count` (from 1) hands to the kernel, worked out in float64. Where steps may be left out the GPU
   * alone knows their number, and gets the learning rate.
   */
  stepScalars(count: number, learningRate: number): [number, number] {
    if (this.mixed) return [learningRate, 0];
    const { beta1, beta2 } = this.attributes;
    return [learningRate / (1 - beta1 ** count), 1 / Math.sqrt(1 - beta2 ** count)];
  }
}

/** What the host writes before each step: [rate, scale, slot of the ring, 0]. */
export function stepInput(): Tensor {
  return variable(floatType([4]), "step");
}
