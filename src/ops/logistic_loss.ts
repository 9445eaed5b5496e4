/**
 * Binary cross-entropy of logits: −ln σ(x) = softplus(−x) for a positive label, −ln(1 − σ(x)) = softplus(x) for a negative one.
 * Worked out from the logit itself it loses no digits where σ(x) rounds to one; the bound of 100 is that of PyTorch's BCELoss.
 */

import { elementCount, floatType } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import source from "../../kernels/logistic_loss.wgsl" with { type: "text" };
import { kernelParts } from "./kernel_parts.ts";
import { elementwise } from "./elementwise.ts";
import { notDifferentiable, quadCount, requireSameType, requireType, streamingCost } from "./support.ts";

const kernel: Kernel = { name: "logistic_loss", source, parts: kernelParts };
/** No element's loss is larger; it then has no gradient. */
const largestLoss = 100;

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

const logisticLossOperation: Operation<undefined> = {
  name: "logistic_loss",
  infer([logits, positive, negative]) {
    requireType("logistic_loss", "logits", logits!, logits!.shape);
    requireSameType("logistic_loss", logits!, positive!);
    requireSameType("logistic_loss", logits!, negative!);
    return floatType([]);
  },
  gradient: ({ inputs }, upstream) => [
    apply(logisticLossGradientOperation, [...inputs, upstream], undefined),
    undefined,
    undefined,
  ],
  lower(node, lowering) {
    const [x, positive, negative] = node.inputs as [Tensor, Tensor, Tensor];
    lowering.dispatch({
      kernel,
      constants: {},
      bindings: { x, positive, negative, y: node },
      params: { quads: quadCount(x) },
      workgroups: 1,
      ...node.operation.cost(node),
    });
  },
  reference([logits, positive, negative]) {
    return Float64Array.of(
      logits!.reduce((total, x, index) =>
        total + positive![index]! * Math.min(softplus(-x), largestLoss) +
        negative![index]! * Math.min(softplus(x), largestLoss), 0),
    );
  },
  cost: (node) => ({ ...streamingCost(node, 0), flops: 28 * elementCount(node.inputs[0]!.shape) }),
};

/** A WGSL quad of σ(x), by the exponential of −|x|, which cannot overflow. */
function sigmoidExpression(x: string): string {
  return `(select(vec4f(1.0), exp(-abs(${x})), ${x} < vec4f()) / (1.0 + exp(-abs(${x}))))`;
}

/** (logits, positive, negative, upstream scalar): the gradient for the logits. */
const logisticLossGradientOperation = elementwise<undefined>({
  name: "logistic_loss_gradient",
  expression([x, positive, negative, upstream]) {
    const bound = `vec4f(${largestLoss}.0)`;
    const rising = `select(${negative} * ${sigmoidExpression(x!)}, vec4f(), ${x} > ${bound})`;
    const falling = `select(${positive} * ${sigmoidExpression(`-${x}`)}, vec4f(), ${x} < -${bound})`;
    return `((${rising} - ${falling}) * ${upstream})`;
  },
  value([x, positive, negative, upstream]) {
    const rising = softplus(x!) > largestLoss ? 0 : negative! / (1 + Math.exp(-x!));
    const falling = softplus(-x!) > largestLoss ? 0 : positive! / (1 + Math.exp(x!));
    return (rising - falling) * upstream!;
  },
  gradient: notDifferentiable("logistic_loss_gradient"),
  flops: 12,
  firstScalar: 3,
});

/**
 * Σ positive · min(softplus(−x), 100) + negative · min(softplus(x), 100), a scalar; all three of one shape. Where `positive` is
 * t / count and `negative` (1 − t) / count this is the mean binary cross-entropy of the labels t; a label's two weights are zero
 * where it is missing. No gradient flows into the weights.
 */
export function logisticLoss(logits: Tensor, positive: Tensor, negative: Tensor): Tensor {
  return apply(logisticLossOperation, [logits, positive, negative], undefined);
}

export { logisticLossGradientOperation, logisticLossOperation };
