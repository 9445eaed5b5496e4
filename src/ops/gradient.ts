/** Differentiation of graphs that are made of the operations in this folder. */

import { gradients as differentiate } from "../graph/autodiff.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add } from "./elementwise.ts";
import { constant } from "./variable.ts";

/**
 * The gradients of `loss`, a scalar [], with respect to each of `targets`, as nodes of the same graph. They have the
 * targets' shapes, and are multiplied by the scalar `factor` if it is given (loss scaling).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../graph/layout.ts";
 * import { multiply } from "./elementwise.ts";
 * import { sum } from "./reduce.ts";
 * import { variable } from "./variable.ts";
 *
 * const [x, weight] = ["x", "weight"].map((label) => variable(floatType([3]), label));
 * const loss = sum(multiply(x, weight));
 * const [toWeight] = gradients(loss, [weight]);
 * assertEquals(toWeight.shape, [3]);
 * // The gradient is upstream · x.
 * assertEquals([toWeight.operation.name, toWeight.inputs[1]], ["multiply", x]);
 * ```
 *
 * @throws {RangeError} if the loss is not a scalar, does not depend on a target, or depends on it through an operation
 * that has no gradient
 */
export function gradients(loss: Tensor, targets: readonly Tensor[], factor?: Tensor): Tensor[] {
  return differentiate(loss, targets, { add, ones: (like) => factor ?? constant(1, like.shape) });
}
