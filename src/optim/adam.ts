/** Adam (Kingma and Ba 2015), which updates all of a model's parameters in one dispatch. */

import { type FloatType, floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HalfCopies, Parameter } from "../nn/parameters.ts";
import { adam, type AdamAttributes } from "../ops/adam.ts";
import { variable } from "../ops/variable.ts";
import { Arena, bindingAlignment } from "../plan/arena.ts";
import { MixedPrecision } from "./mixed_precision.ts";

/** PyTorch's defaults. */
export const defaultAdam: AdamAttributes = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/**
 * The optimizer of a model. It owns the arenas of the parameters and of their two moments.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../graph/layout.ts";
 * import { ParameterSet, zeroInitialiser } from "../nn/parameters.ts";
 * import { gradients } from "../ops/gradient.ts";
 * import { sum } from "../ops/reduce.ts";
 *
 * const set = new ParameterSet();
 * const weight = set.parameter("weight", floatType([8]), zeroInitialiser);
 * const optimizer = new Adam(set.parameters);
 * const gathered = optimizer.gather(gradients(sum(weight), [weight]));
 * const { effect, arenas } = optimizer.apply(stepInput(), gathered);
 * // A program with this effect and these arenas makes one step.
 * assertEquals(effect.operation.name, "adam");
 * assertEquals(arenas.length, 4);
 * ```
 */
export class Adam {
  readonly parameters: Arena;
  /** The moments of each parameter, in the parameters' order. */
  readonly firstMoments: Arena;
  readonly secondMoments: Arena;
  /** Set if values and their gradients are float16. */
  readonly mixed?: MixedPrecision;
  private readonly alignment: number;

  /**
   * `precision` is that of the values between layers and their gradients. Parameters and moments are always float32.
   */
  constructor(
    parameters: readonly Parameter[],
    private readonly attributes: AdamAttributes = defaultAdam,
    readonly precision: FloatType = "f32",
  ) {
    // Float16 copies take half the space, so twice the alignment here keeps them aligned, too.
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

  /** The arenas that every plan needs that reads the parameters. */
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

  /** The tensors that are zero before the first step. */
  get running(): Tensor[] {
    const corrections = this.mixed ? [this.mixed.state.corrections] : [];
    return [...this.firstMoments.members, ...this.secondMoments.members, ...corrections];
  }

  /**
   * The two scalars of step `count` (from 1) that the kernel reads, computed in float64: [lr / (1 − β₁ᵗ), 1 / √(1 −
   * β₂ᵗ)]. With float16, steps can be skipped and only the GPU knows their number, so the kernel gets the learning
   * rate.
   */
  stepScalars(count: number, learningRate: number): [number, number] {
    if (this.mixed) return [learningRate, 0];
    const { beta1, beta2 } = this.attributes;
    return [learningRate / (1 - beta1 ** count), 1 / Math.sqrt(1 - beta2 ** count)];
  }
}

/** The input that the host writes before each step: [rate, scale, slot of the ring, 0]. */
export function stepInput(): Tensor {
  return variable(floatType([4]), "step");
}
