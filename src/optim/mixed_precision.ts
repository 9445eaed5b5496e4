/** What training on float16 values has beside its optimizer: rounded copies of the weights, and the loss's scale. */

import { elementCount, floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { HalfCopies } from "../nn/parameters.ts";
import { halfCopies, halfCopy } from "../ops/half_copies.ts";
import { countNonFinite, lossScale, type LossScaleState } from "../ops/loss_scale.ts";
import { variable } from "../ops/variable.ts";
import { Arena } from "../plan/arena.ts";

/** As PyTorch's GradScaler begins and goes on. */
const scaling = { growth: 2, backoff: 0.5, interval: 2000 };
const firstScale = 65536;

export class MixedPrecision {
  /** Every plan that reads copies of weights needs this arena. */
  readonly copies: Arena;
  /** The copy of each parameter; each run of a plan that reads any rounds all of them anew. */
  readonly halves: HalfCopies;
  readonly state: LossScaleState = {
    scale: variable(floatType([]), "loss_scale", firstScale),
    goodSteps: variable(floatType([]), "loss_scale.good_steps"),
    corrections: variable(floatType([2]), "loss_scale.corrections"),
  };

  /** The arena's members must begin at multiples of twice what its copy's do, so that both are laid out alike. */
  constructor(parameters: Arena, private readonly decays: { beta1: number; beta2: number }) {
    const label = "parameters in float16";
    const target = variable(floatType([elementCount(parameters.tensor.shape)], "flat", "f16"), label);
    const copies = halfCopies(parameters.tensor, target);
    this.halves = new Map(parameters.members.map((weight) => [weight, halfCopy(copies, weight)]));
    this.copies = new Arena(label, [...this.halves.values()], () => target);
  }

  /** What a checkpoint holds of it, under the tensors' labels. */
  get tensors(): Tensor[] {
    return Object.values(this.state);
  }

  /** What a run logs of it, by name. */
  get scalars(): { loss_scale: Tensor } {
    return { loss_scale: this.state.scale };
  }

  /** The step that Adam makes with an arena of gradients of the scaled loss. */
  step(step: Tensor, { tensor, members }: Arena): Tensor {
    return lossScale(step, countNonFinite(tensor, members), this.state, { ...this.decays, ...scaling });
  }
}
