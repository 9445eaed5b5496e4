/** Reverse-mode differentiation: gradients are further nodes of the same graph. */

import { ancestors, Tensor } from "./tensor.ts";

/**
 * The two operations that differentiation itself needs. The caller passes them, since the graph knows no operation by
 * name.
 */
export interface GradientTools {
  add(first: Tensor, second: Tensor): Tensor;
  /**
   * The gradient of the loss itself: 1, or a factor by which all gradients are multiplied. Its type is that of
   * `like`.
   */
  ones(like: Tensor): Tensor;
}

/**
 * Adds the nodes that compute the gradient of `loss` with respect to each of `targets`, and returns them in the order
 * of `targets`; each has its target's shape. If several nodes read a tensor, their contributions are added in a fixed
 * order, from the last node to the first, so that the sum is the same every time.
 *
 * @param loss a scalar, of shape []
 * @throws {RangeError} if the loss is not a scalar or does not depend on a target
 *
 * @example The gradient of Σ x² is 2x: two nodes more
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { add, multiply } from "../ops/elementwise.ts";
 * import { sum } from "../ops/reduce.ts";
 * import { constant, variable } from "../ops/variable.ts";
 * import { floatType } from "./layout.ts";
 *
 * const x = variable(floatType([2, 3]), "x");
 * const loss = sum(multiply(x, x));
 * const [gradient] = gradients(loss, [x], { add, ones: () => constant(1, []) });
 * assertEquals(gradient!.shape, [2, 3]);
 * ```
 */
export function gradients(loss: Tensor, targets: readonly Tensor[], tools: GradientTools): Tensor[] {
  if (loss.shape.length !== 0) {
    throw new RangeError(
      `Cannot differentiate ${loss.label}: a loss is a scalar, and its shape is [${loss.shape}]`,
    );
  }
  const nodes = ancestors([loss]);
  const wanted = new Set(targets);
  const needed = dependents(nodes, wanted);
  const shared = new Set<Tensor>();
  const gradient = new Map<Tensor, Tensor>([[loss, tools.ones(loss)]]);
  for (const node of nodes.toReversed()) {
    const upstream = gradient.get(node);
    if (!upstream || !node.inputs.some((input) => needed.has(input))) continue;
    if (wanted.has(node)) shared.add(upstream);
    const sums = node.inputs.map((input) => changeable(gradient.get(input), shared));
    const inputGradients = node.operation.gradient(node, upstream, sums);
    node.inputs.forEach((input, index) => {
      const contribution = inputGradients[index];
      if (!contribution || !needed.has(input)) return;
      // An operation may return its own gradient unchanged, and so for several inputs.
      if (contribution === upstream) shared.add(contribution);
      const sum = gradient.get(input);
      gradient.set(input, sum && !includes(contribution, sum) ? tools.add(sum, contribution) : contribution);
    });
  }
  return targets.map((target) => {
    const found = gradient.get(target);
    if (!found) {
      throw new RangeError(`Cannot differentiate ${loss.label}: it does not depend on ${target.label}`);
    }
    return found;
  });
}

/** Returns the sum of the contributions so far if nothing else reads its memory, so that it may be changed in place. */
function changeable(sum: Tensor | undefined, shared: ReadonlySet<Tensor>): Tensor | undefined {
  for (let owner = sum; owner; owner = owner.place?.host) {
    if (shared.has(owner) || owner.operation.persistent) return undefined;
  }
  return sum;
}

/** True if the contribution has been added to the sum in the sum's own memory. */
function includes(contribution: Tensor, sum: Tensor): boolean {
  return contribution.place?.host === sum;
}

/** The targets and all nodes computed from them: only these need gradients. */
function dependents(nodes: readonly Tensor[], targets: ReadonlySet<Tensor>): Set<Tensor> {
  const needed = new Set<Tensor>();
  for (const node of nodes) {
    if (targets.has(node) || node.inputs.some((input) => needed.has(input))) needed.add(node);
  }
  return needed;
}
