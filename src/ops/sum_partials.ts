/** The second half of a split sum: adds up the parts, always in the same order. */

import { divideUp } from "../graph/layout.ts";
import type { Kernel, Lowering, Scratch } from "../graph/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import source from "../../kernels/sum_partials.wgsl" with { type: "text" };
import { quadCount } from "./support.ts";

const kernel: Kernel = { name: "sum_partials", source };

/** Adds `parts` parts of `partial`, each as large as the node, into the node. */
export function sumPartials(lowering: Lowering, partial: Scratch, node: Tensor, parts: number): void {
  const quads = quadCount(node);
  const { summingLines } = lowering.target;
  // Few parts are added up by one thread.
  const [COLUMNS, LINES] = parts < summingLines ? [64, 1] : [8, summingLines];
  lowering.dispatch({
    kernel,
    constants: { COLUMNS, LINES },
    bindings: { x: partial, y: node },
    params: { parts, quads },
    workgroups: divideUp(quads, COLUMNS),
    epilogue: true,
    flops: 4 * parts * quads,
    bytes: 16 * (parts + 1) * quads,
  });
}
