/** Adam, the optimizer's update of all parameters at once. */

import { divideUp } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import source from "../../kernels/adam.wgsl" with { type: "text" };
import { kernelParts } from "./kernel_parts.ts";
import { quadCount, requireSameType } from "./support.ts";
import { joined, update } from "./updates.ts";

const kernel: Kernel = { name: "adam", source, parts: kernelParts };

/** Adam's constants. */
export interface AdamAttributes {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** L2 regularisation: this much of the parameter is added to its gradient, as torch.optim.Adam does; 0 unless told. */
  weightDecay?: number;
  /** True where the gradients are those of a scaled loss, and the step is that of {@linkcode lossScale}. */
  scaled?: boolean;
}

const adamOperation = update<AdamAttributes>("adam", [2, 3, 4], {
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
 * One step of Adam on whole arenas. `step` holds [lr / (1 − β₁ᵗ), 1 / √(1 − β₂ᵗ), …]; `after` are the nodes that fill
 * the gradients' arena.
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
