/** Adam (Kingma and Ba 2015): the update of all parameters at once. */

import { divideUp } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import source from "../../kernels/adam.wgsl" with { type: "text" };
import { flat, predecessors } from "./inputs.ts";
import { quadCount, requireSameType } from "./support.ts";
import { joined, update } from "./updates.ts";

const kernel: Kernel = { name: "adam", source, parts: kernelParts };

/** Adam's constants. */
export interface AdamAttributes {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** L2 regularisation: this share of the parameter is added to its gradient, as in torch.optim.Adam; default: 0. */
  weightDecay?: number;
  /** True if the gradients are those of a scaled loss and `step` comes from {@linkcode lossScale}; default: false. */
  scaled?: boolean;
}

const adamOperation = update<AdamAttributes>("adam", [2, 3, 4], {
  inputs: [
    flat("step"),
    flat("gradients"),
    flat("parameters"),
    flat("first moments"),
    flat("second moments"),
    predecessors,
  ],
  check([, gradient, parameter, first, second]) {
    for (const other of [gradient!, first!, second!]) requireSameType("adam", parameter!, other);
  },
  lower(node, lowering) {
    const [step, gradient, parameter, first, second] = node.inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const { beta1, beta2, epsilon, weightDecay = 0, scaled = false } = node.attributes as AdamAttributes;
    const quads = quadCount(parameter);
    lowering.dispatch({
      kernel,
      constants: { SCALED: scaled },
      bindings: { step, gradient, parameter, first_moment: first, second_moment: second },
      params: {
        quads,
        beta1,
        beta2,
        one_minus_beta1: 1 - beta1,
        one_minus_beta2: 1 - beta2,
        epsilon,
        weight_decay: weightDecay,
      },
      workgroups: divideUp(quads, 64),
      flops: 14 * 4 * quads,
      bytes: 7 * 16 * quads,
    });
  },
  reference([step, gradient, parameter, first, second], node) {
    const { beta1, beta2, epsilon, weightDecay = 0, scaled = false } = node.attributes as AdamAttributes;
    if (scaled && step![2] === 0) return joined(parameter!, first!, second!);
    const factor = scaled ? step![2]! : 1;
    const g = gradient!.map((value, index) => factor * value + weightDecay * parameter![index]!);
    const m = first!.map((value, index) => beta1 * value + (1 - beta1) * g[index]!);
    const v = second!.map((value, index) => beta2 * value + (1 - beta2) * g[index]! ** 2);
    const w = parameter!.map((value, index) =>
      value - step![0]! * m[index]! / (Math.sqrt(v[index]!) * step![1]! + epsilon)
    );
    return joined(w, m, v);
  },
});

/**
 * One step of Adam, as torch.optim.Adam computes it. Changes `parameter` (w) and the two `moments` (m, v) in place:
 *
 *     g = gradient + weightDecay · w
 *     m = β₁ · m + (1 − β₁) · g
 *     v = β₂ · v + (1 − β₂) · g²
 *     w = w − step₀ · m / (√v · step₁ + ε)
 *
 * All four are flat and of one length: arenas that hold every parameter. `step` [4] begins with two factors for step
 * number t, counted from 1: step₀ = rate / (1 − β₁ᵗ) and step₁ = 1 / √(1 − β₂ᵗ). With `scaled`, a factor of the
 * gradients follows; zero skips the step. `after` are the nodes that write the gradients into their arena.
 *
 * @throws {RangeError} if the tensors are not flat float32 of one length
 */
export function adam(
  step: Tensor,
  gradient: Tensor,
  parameter: Tensor,
  moments: readonly [Tensor, Tensor],
  attributes: AdamAttributes,
  after: readonly Tensor[] = [],
): Tensor {
  return apply(adamOperation, [step, gradient, parameter, ...moments, ...after], attributes);
}

export { adamOperation };
