/** Keeps a step's tensor, such as a batch's logits, on the GPU until it is read. */

import { divideUp } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import source from "../../kernels/record_rows.wgsl" with { type: "text" };
import { kernelParts } from "./kernel_parts.ts";
import { imageShape, quadCount } from "./support.ts";
import { update } from "./updates.ts";

const kernel: Kernel = { name: "record_rows", source, parts: kernelParts };

/** Which part of a slot's tensor it is that is kept, and of how many. */
interface Part {
  part: number;
  parts: number;
}

const recordRowsOperation = update<Part>("record_rows", [1], {
  check([, ring, x]) {
    const [whole, part] = [imageShape("record_rows", ring!), imageShape("record_rows", x!)];
    const fits = whole.images % part.images === 0 && `${ring!.shape.slice(1)}` === `${x!.shape.slice(1)}`;
    if (!fits) throw new RangeError(`Cannot run record_rows as [${x!.shape}] is no slot of [${ring!.shape}]`);
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

/** Copies x [B, C, H, W] into its part of slot `step[2]` of `ring` [slots · parts · B, C, H, W], both channels_last. */
export function recordRows(step: Tensor, ring: Tensor, x: Tensor, part = 0, parts = 1): Tensor {
  return apply(recordRowsOperation, [step, ring, x], { part, parts });
}

export { recordRowsOperation };
