/** Reverse-mode differentiation: the gradients are more nodes of the same graph. */

import { ancestors, Tensor } from "./tensor.ts";

/** The two operations that differentiation itself needs; `src/ops` hands them in, since the graph names no operation. */
export interface GradientTools {
  add(first: Tensor, second: Tensor): Tensor;
  /** The gradient to begin with, for a loss: a tensor of ones, or of whatever all gradients are to be multiplied by. */
  ones(like: Tensor): Tensor;
}

/**
 * The gradient of the scalar `loss` with respect to each of `targets`. Where several paths meet, their gradients are
 * added in the order in which the graph was built backwards, so that the sum is the same each time.
 * Throws a `RangeError` where the loss is no scalar or does not depend on a target.
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
      // What is handed on as it is may be the gradient of several tensors.
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

/** The sum, if nothing but the next contribution will read its memory. */
function changeable(sum: Tensor | undefined, shared: ReadonlySet<Tensor>): Tensor | undefined {
  for (let owner = sum; owner; owner = owner.place?.host) {
    if (shared.has(owner) || owner.operation.persistent) return undefined;
  }
  return sum;
}

/** True where the contribution was added to the sum in the sum's own memory. */
function includes(contribution: Tensor, sum: Tensor): boolean {
  return contribution.place?.host === sum;
}

/** The targets and all nodes that are computed from them: only these need gradients. */
function dependents(nodes: readonly Tensor[], targets: ReadonlySet<Tensor>): Set<Tensor> {
  const needed = new Set<Tensor>();
  for (const node of nodes) {
    if (targets.has(node) || node.inputs.some((input) => needed.has(input))) needed.add(node);
  }
  return needed;
}
