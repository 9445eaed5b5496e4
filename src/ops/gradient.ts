/** Differentiation with the two operations that it needs filled in. */

import { gradients as differentiate } from "../graph/autodiff.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "./elementwise.ts";
import { constant } from "./variable.ts";

/** The gradients of the scalar `loss`, times the scalar `factor` if it is given, with respect to `targets`, as nodes of the same graph. */
export function gradients(loss: Tensor, targets: readonly Tensor[], factor?: Tensor): Tensor[] {
  return differentiate(loss, targets, { add, ones: (like) => factor ?? constant(1, like.shape) });
}
