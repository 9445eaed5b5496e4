/** Adds up the parts of a split sum, always in the same order. */

import { divideUp } from "../graph/layout.ts";
import type { Kernel, Lowering, Scratch } from "../graph/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import source from "../../kernels/sum_partials.wgsl" with { type: "text" };
import { kernelParts } from "./kernel_parts.ts";
import { quadCount, rowParams } from "./support.ts";

const kernel: Kernel = { name: "sum_partials", source, parts: kernelParts };

/** Dispatches the sum of `parts` parts, each as large as the node. It takes an epilogue. */
export function sumPartials(lowering: Lowering, partial: Scratch, node: Tensor, parts: number): void {
  dispatchSum(lowering, { x: partial, y: node }, parts, {}, {});
}

/** The same for images, which can lie in another tensor's rows, with an optional bias for each channel. */
export function sumImagePartials(
  lowering: Lowering,
  partial: Scratch,
  node: Tensor,
  parts: number,
  bias?: Tensor,
): void {
  const rows = { row_quads: divideUp(node.shape[1]!, 4), ...rowParams({ y: node }) };
  const bindings = { x: partial, y: node, ...(bias ? { bias } : {}) };
  dispatchSum(lowering, bindings, parts, { ROWS: true, BIAS: bias !== undefined }, rows);
}

function dispatchSum(
  lowering: Lowering,
  bindings: { x: Scratch; y: Tensor; bias?: Tensor },
  parts: number,
  flags: Record<string, boolean>,
  rows: Record<string, number>,
): void {
  const quads = quadCount(bindings.y);
  const { summingLines } = lowering.target;
  // One thread adds up a few parts; several threads share many.
  const [COLUMNS, LINES] = parts < summingLines ? [64, 1] : [8, summingLines];
  lowering.dispatch({
    kernel,
    constants: { COLUMNS, LINES, ROWS: false, BIAS: false, ...flags },
    bindings,
    params: { parts, quads, ...rows },
    workgroups: divideUp(quads, COLUMNS),
    epilogue: true,
    flops: 4 * parts * quads,
    bytes: 16 * (parts + 1) * quads,
  });
}
