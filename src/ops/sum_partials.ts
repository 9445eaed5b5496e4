/** The second half of a split sum: adds up the parts in their order. */

import { divideUp } from "../graph/layout.ts";
import type { Kernel, Lowering, Scratch } from "../graph/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import source from "../../kernels/sum_partials.wgsl" with { type: "text" };
import { quadCount } from "./support.ts";

const kernel: Kernel = { name: "sum_partials", source };

/** Adds `parts` parts of `partial`, each as large as the node, into the node. */
export function sumPartials(lowering: Lowering, partial: Scratch, node: Tensor, parts: number): void {
  const quads = quadCount(node);
  lowering.dispatch({
    kernel,
    constants: {},
    bindings: { x: partial, y: node },
    params: { parts, quads },
    workgroups: divideUp(quads, 64),
    epilogue: true,
    flops: 4 * parts * quads,
    bytes: 16 * (parts + 1) * quads,
  });
}
