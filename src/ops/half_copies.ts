/** Copies of weights in float16: one dispatch copies a whole arena, in which each weight's copy is a tensor. */

import { divideUp, elementCount } from "../graph/layout.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { elementwiseKernel } from "./elementwise.ts";
import { anyLayout, flat } from "./inputs.ts";
import { quadCount, requireType } from "./support.ts";
import { update } from "./updates.ts";

/** Inputs (source, target), flat and of one length: rounds the float32 source into the float16 target. */
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

/** Inputs (copies, weight): the weight's copy. Its gradient passes to the weight. */
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

/**
 * Rounds all of `source` into `target`, two whole arenas: flat float32 and flat float16 of one length.
 *
 * @throws {RangeError} if they are not
 */
export function halfCopies(source: Tensor, target: Tensor): Tensor {
  return apply(halfCopiesOperation, [source, target], undefined);
}

/**
 * The float16 copy of one weight, for the arena that the node `copies` writes. Its gradient is the weight's.
 *
 * @throws {RangeError} if the weight is not float32
 */
export function halfCopy(copies: Tensor, weight: Tensor): Tensor {
  return apply(halfCopyOperation, [copies, weight], undefined, `${weight.label} in float16`);
}

export { halfCopiesOperation, halfCopyOperation };
