/** What training with float16 values adds to an optimizer: rounded copies of the weights, and the scale of the loss. */

import { elementCount, floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HalfCopies } from "../nn/parameters.ts";
import { halfCopies, halfCopy } from "../ops/half_copies.ts";
import { countNonFinite, lossScale, type LossScaleState } from "../ops/loss_scale.ts";
import { variable } from "../ops/variable.ts";
import { Arena } from "../plan/arena.ts";

/** The constants of PyTorch's GradScaler. */
const scaling = { growth: 2, backoff: 0.5, interval: 2000 };
const firstScale = 65536;

/** The float16 copies of an optimizer's parameters, and its loss scale. */
export class MixedPrecision {
  /** The arena that every plan needs that reads copies. */
  readonly copies: Arena;
  /** The copy of each parameter; each run of a plan that reads any rounds all of them anew. */
  readonly halves: HalfCopies;
  readonly state: LossScaleState = {
    scale: variable(floatType([]), "loss_scale", firstScale),
    goodSteps: variable(floatType([]), "loss_scale.good_steps"),
    corrections: variable(floatType([2]), "loss_scale.corrections"),
  };

  /**
   * The offsets in `parameters` must be multiples of twice the binding alignment, so that those of the copies are half
   * as large.
   */
  constructor(parameters: Arena, private readonly decays: { beta1: number; beta2: number }) {
    const label = "parameters in float16";
    const target = variable(floatType([elementCount(parameters.tensor.shape)], "flat", "f16"), label);
    const copies = halfCopies(parameters.tensor, target);
    this.halves = new Map(parameters.members.map((weight) => [weight, halfCopy(copies, weight)]));
    this.copies = new Arena(label, [...this.halves.values()], () => target);
  }

  /** The tensors that a checkpoint keeps, by label. */
  get tensors(): Tensor[] {
    return Object.values(this.state);
  }

  /** The scalars that a run logs, by name. */
  get scalars(): { loss_scale: Tensor } {
    return { loss_scale: this.state.scale };
  }

  /** Adam's step scalars for gradients of the scaled loss; see {@linkcode lossScale}. */
  step(step: Tensor, { tensor, members }: Arena): Tensor {
    return lossScale(step, countNonFinite(tensor, members), this.state, { ...this.decays, ...scaling });
  }
}
