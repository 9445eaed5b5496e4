/** Copies of weights in float16: all of an arena's in one dispatch, and each of them as a tensor. */

import { divideUp, elementCount } from "../graph/layout.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { elementwiseKernel } from "./elementwise.ts";
import { anyLayout, flat } from "./inputs.ts";
import { quadCount, requireType } from "./support.ts";
import { update } from "./updates.ts";

/** (float32, float16), flat and of one length: the second becomes the first, rounded. */
const halfCopiesOperation = update<undefined>("half_copies", [1], {
  inputs: [flat("source"), flat("target", "f16")],
  check([source, target]) {
    requireType("half_copies", "source", source!, [elementCount(target!.shape)]);
    requireType("half_copies", "target", target!, source!.shape, "f16");
  },
  lower(node, lowering) {
    const [source, target] = node.inputs as [Tensor, Tensor];
    const quads = quadCount(source);
    lowering.dispatch({
      kernel: elementwiseKernel,
      constants: { EPILOGUE: "", EPILOGUE_BINDINGS: "" },
      bindings: { x: source, y: target },
      params: { quads },
      workgroups: divideUp(quads, 64),
      ...node.operation.cost(node),
    });
  },
  reference: ([source]) => source!.slice(),
});

/** (copies, weight): the weight's copy among them, in whose arena it lies. What reaches it reaches the weight, in float32. */
const halfCopyOperation: Operation<undefined> = {
  name: "half_copy",
  inputs: [anyLayout("copies"), anyLayout("weight", ["f32"])],
  infer([, weight]) {
    requireType("half_copy", "weight", weight!, weight!.shape);
    return { ...weight!, dtype: "f16" };
  },
  gradient: (_, upstream) => [undefined, upstream],
  lower: () => {},
  reference: ([, weight]) => weight!,
  cost: () => ({ flops: 0, bytes: 0 }),
};

/** Rounds all of `source` into `target`, both whole arenas; runs where the node stands. */
export function halfCopies(source: Tensor, target: Tensor): Tensor {
  return apply(halfCopiesOperation, [source, target], undefined);
}

/** The copy of one weight, to be placed in the arena whose tensor `copies` fills. */
export function halfCopy(copies: Tensor, weight: Tensor): Tensor {
  return apply(halfCopyOperation, [copies, weight], undefined, `${weight.label} in float16`);
}

export { halfCopiesOperation, halfCopyOperation };
