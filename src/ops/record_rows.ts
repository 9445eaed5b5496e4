/** Keeps a tensor of each step, such as the batch's logits, on the GPU until the host reads it. */

import { divideUp } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import source from "../../kernels/record_rows.wgsl" with { type: "text" };
import { flat, images } from "./inputs.ts";
import { imageExtents, quadCount } from "./support.ts";
import { update } from "./updates.ts";

const kernel: Kernel = { name: "record_rows", source, parts: kernelParts };

/** The index of a part of a slot's tensor, and the number of parts. */
interface Part {
  part: number;
  parts: number;
}

const recordRowsOperation = update<Part>("record_rows", [1], {
  inputs: [flat("step"), images("ring", ["f32"]), images("tensor", ["f32"])],
  check([, ring, x]) {
    const [whole, part] = [imageExtents(ring!), imageExtents(x!)];
    const fits = whole.images % part.images === 0 && `${ring!.shape.slice(1)}` === `${x!.shape.slice(1)}`;
    if (!fits) {
      throw new RangeError(
        `Cannot run record_rows as [${x!.shape}] is no part of a slot of [${ring!.shape}]`,
      );
    }
  },
  lower(node, lowering) {
    const [step, ring, x] = node.inputs as [Tensor, Tensor, Tensor];
    const quads = quadCount(x);
    lowering.dispatch({
      kernel,
      constants: {},
      bindings: { step, x, ring },
      params: { quads, part: node.attributes.part, parts: node.attributes.parts },
      workgroups: divideUp(quads, 64),
      flops: 0,
      bytes: 32 * quads,
    });
  },
  reference([step, ring, x], node) {
    const { part, parts } = node.attributes;
    const changed = ring!.slice();
    changed.set(x!, (step![2]! * parts + part) * x!.length);
    return changed;
  },
});

/**
 * Copies x [B, C, H, W] into part `part` of slot `step[2]` of `ring` [slots · parts · B, C, H, W].
 *
 * @throws {RangeError} if x and the ring are not channels_last float32, or the ring does not consist of tensors of x's
 * shape
 */
export function recordRows(step: Tensor, ring: Tensor, x: Tensor, part = 0, parts = 1): Tensor {
  return apply(recordRowsOperation, [step, ring, x], { part, parts });
}

export { recordRowsOperation };
