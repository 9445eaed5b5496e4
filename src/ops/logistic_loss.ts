/**
 * Binary cross-entropy of logits, −ln σ(x) = softplus(−x) for a positive and −ln(1 − σ(x)) = softplus(x) for a negative
 * label. Computed from the logit, it keeps its digits where σ(x) rounds to one. It is bounded like PyTorch's BCELoss.
 */

import { elementCount, floatType } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import source from "../../kernels/logistic_loss.wgsl" with { type: "text" };
import { elementwise } from "./elementwise.ts";
import { anyLayout } from "./inputs.ts";
import { notDifferentiable, quadCount, requireSameType, streamingCost } from "./support.ts";

const kernel: Kernel = { name: "logistic_loss", source, parts: kernelParts };
/** The largest loss of one element. At the bound the gradient is zero. */
const largestLoss = 100;

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

const logisticLossOperation: Operation<undefined> = {
  name: "logistic_loss",
  inputs: ["logits", "positive weights", "negative weights"].map((name) => anyLayout(name, ["f32"])),
  infer([logits, positive, negative]) {
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

/** The WGSL of σ(x) for a quad. It uses exp(−|x|), which cannot overflow. */
function sigmoidExpression(x: string): string {
  return `(select(vec4f(1.0), exp(-abs(${x})), ${x} < vec4f()) / (1.0 + exp(-abs(${x}))))`;
}

/** Inputs (logits, positive, negative, upstream scalar): the gradient for the logits. */
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
  elements: ["logits", "positive weights", "negative weights"],
  scalars: ["upstream gradient"],
});

/**
 * Σ positive · min(softplus(−x), 100) + negative · min(softplus(x), 100) over all logits x, a scalar []. The three
 * tensors have one shape, float32.
 *
 * For labels t in [0, 1], the weights t / count and (1 − t) / count give the mean binary cross-entropy. A missing label
 * has two weights of zero. No gradient flows into the weights.
 *
 * @throws {RangeError} if the tensors differ in shape or layout, or are not float32
 */
export function logisticLoss(logits: Tensor, positive: Tensor, negative: Tensor): Tensor {
  return apply(logisticLossOperation, [logits, positive, negative], undefined);
}

export { logisticLossGradientOperation, logisticLossOperation };
