/**
 * The logistic function. It has a kernel of its own, because an element-wise expression would turn padding from 0 into
 * 0.5.
 */

import { divideUp, elementCount } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import source from "../../kernels/sigmoid.wgsl" with { type: "text" };
import { elementwise } from "./elementwise.ts";
import { notDifferentiable, quadCount, streamingCost } from "./support.ts";

const kernel: Kernel = { name: "sigmoid", source, parts: kernelParts };

const sigmoidOperation: Operation<undefined> = {
  name: "sigmoid",
  inputs: [{ name: "input", layouts: ["flat", "channels_last"], dtypes: ["f32", "f16"] }],
  infer: ([x]) => x!,
  gradient: (node, upstream) => [apply(sigmoidGradientOperation, [upstream, node], undefined)],
  lower(node, lowering) {
    const quads = quadCount(node);
    // A flat tensor is one row.
    const isFlat = node.type.layout === "flat";
    const channels = isFlat ? elementCount(node.shape) : node.shape[1]!;
    lowering.dispatch({
      kernel,
      constants: {},
      bindings: { x: node.inputs[0]!, y: node },
      params: { quads_in_row: isFlat ? quads : divideUp(channels, 4), channels, quads },
      workgroups: divideUp(quads, 64),
      ...node.operation.cost(node),
    });
  },
  reference: ([x]) => x!.map((value) => 1 / (1 + Math.exp(-value))),
  cost: (node) => streamingCost(node, 3),
};

/** Inputs (upstream, y): upstream · y · (1 − y), with y = sigmoid(x). */
const sigmoidGradientOperation = elementwise<undefined>({
  name: "sigmoid_gradient",
  expression: ([upstream, y]) => `(${upstream} * ${y} * (1.0 - ${y}))`,
  value: ([upstream, y]) => upstream! * y! * (1 - y!),
  gradient: notDifferentiable("sigmoid_gradient"),
  elements: ["upstream gradient", "result"],
  flops: 3,
});

/**
 * 1 / (1 + exp(−x)), element by element, for floats of any shape.
 *
 * @throws {RangeError} if x does not hold floats, or is neither flat nor channels_last
 */
export function sigmoid(x: Tensor): Tensor {
  return apply(sigmoidOperation, [x], undefined);
}

export { sigmoidGradientOperation, sigmoidOperation };
