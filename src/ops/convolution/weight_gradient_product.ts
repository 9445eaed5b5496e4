/**
 * The gradient of a convolution's weight as a matrix product over positions: the dispatches of one tile, and batches.
 */

import { divideUp, elementCount, roundUp, type Shape, storedCount } from "../../graph/layout.ts";
import { type Lowering, type Operand, Scratch } from "../../graph/lowering.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { unnormalised } from "../normalisation.ts";
import { splitCount } from "../split_sums.ts";
import { sumPartials } from "../sum_partials.ts";
import { type ImageShape, rowParams } from "../support.ts";
import type { ProductShape } from "./product.ts";
import type { Extents } from "./tile_cost.ts";
import { type WeightGradientTile, weightGradientTilesFor } from "./weight_gradient_tiles.ts";
import { imageParams, isPointwise, pointwise, type Window, windowParams } from "./window.ts";

/** With fewer positions in a chunk, adding up the partial sums costs more than the parallel work saves. */
const shortestChunk = 128;

/** A weight gradient that is to be computed. */
export interface WeightGradientRequest {
  node: Tensor;
  x: Tensor;
  upstream: Tensor;
  input: ImageShape;
  /** The shape of the upstream gradient. */
  output: ImageShape;
  /** [height, width]. */
  kernel: Shape;
  window: Window;
}

/** The matrix product that computes a weight gradient: units by quads of output channels. */
export function extentsOf({ input, output, kernel }: WeightGradientRequest): Extents {
  return {
    rows: elementCount(kernel) * divideUp(input.channels, 4),
    columns: divideUp(output.channels, 4),
    inner: 1,
    // Sums over many positions are split.
    count: divideUp(output.images * output.height * output.width, shortestChunk),
  };
}

/**
 * Dispatches the gradient with one tile. Sums over many positions are split; the parts are added up in a fixed order.
 */
export function tiledWeightGradient(
  lowering: Lowering,
  request: WeightGradientRequest,
  tile: WeightGradientTile,
): void {
  const { node, x, upstream, input, output, kernel, window } = request;
  const { rows, columns } = extentsOf(request);
  const blocks = tile.workgroups(rows, columns);
  const blockCount = blocks.row_tiles * blocks.column_tiles;
  const positions = output.images * output.height * output.width;
  const split = splitCount(lowering.target, blockCount, positions, shortestChunk);
  const chunk = roundUp(divideUp(positions, split), tile.positionStep);
  const parts = divideUp(positions, chunk);
  const partial = parts > 1
    ? new Scratch(4 * parts * storedCount(node.type), `${node.label} partial`)
    : undefined;
  const loaded = unnormalised(x);
  const bindings: Record<string, Operand> = { x: loaded.x, d: upstream, y: partial ?? node };
  if (loaded.coefficients) bindings.coefficients = loaded.coefficients;
  lowering.dispatch({
    kernel: tile.kernel,
    constants: {
      ...tile.constants,
      POINTWISE: tile.hasPointwiseVariant && isPointwise(kernel, window),
      NORMALISE: loaded.coefficients !== undefined,
      RELU: loaded.relu,
    },
    bindings,
    params: {
      ...imageParams(input, output),
      ...windowParams(kernel, window),
      chunk,
      ...blocks,
      tiles: blockCount * parts,
      first_part: 0,
      ...rowParams({ x: loaded.x, d: upstream }),
    },
    workgroups: blockCount * parts,
    ...node.operation.cost(node),
  });
  if (partial) sumPartials(lowering, partial, node, parts);
}

/**
 * Computes y[firstPart + b] = x[b]ᵀ · d[b] for a batch of matrices [rows][4·inQuads] and [rows][4·outQuads] that follow
 * one another in memory. This is the weight gradient of a pointwise convolution whose positions are split, a product
 * for each part. `flops` is the cost that the plan reports.
 */
export function batchedOuterProduct(
  lowering: Lowering,
  bindings: Record<"x" | "d" | "y", Scratch>,
  { batch, rows, inQuads, outQuads }: ProductShape,
  { firstPart, flops }: { firstPart: number; flops: number },
): void {
  const lines = (quads: number) => ({ images: batch, height: 1, width: rows, channels: 4 * quads });
  const extents = { rows: inQuads, columns: outQuads, inner: rows, count: batch };
  const tile = weightGradientTilesFor(lowering.target, extents)[0]!;
  const blocks = tile.workgroups(inQuads, outQuads);
  const tiles = blocks.row_tiles * blocks.column_tiles * batch;
  lowering.dispatch({
    kernel: tile.kernel,
    constants: { ...tile.constants, POINTWISE: true, NORMALISE: false, RELU: false },
    bindings,
    params: {
      ...imageParams(lines(inQuads), lines(outQuads)),
      ...windowParams([1, 1], pointwise),
      chunk: rows,
      ...blocks,
      tiles,
      first_part: firstPart,
      x_row: inQuads,
      x_first: 0,
      d_row: outQuads,
      d_first: 0,
    },
    workgroups: tiles,
    flops,
    bytes: 16 * batch * (rows * (inQuads + outQuads) + 4 * inQuads * outQuads),
  });
}
