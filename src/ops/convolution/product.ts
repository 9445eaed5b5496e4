/** Convolution and its adjoint as a matrix product: the dispatches of one tile, and batches of plain products. */

import { divideUp, roundUp, type Shape } from "../../graph/layout.ts";
import { type Lowering, type Operand, Scratch } from "../../graph/lowering.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { unnormalised } from "../normalisation.ts";
import { sumImagePartials } from "../sum_partials.ts";
import { type ImageShape, quadCount, rowParams } from "../support.ts";
import { batchTileFor } from "./product_tiles.ts";
import type { Tile } from "./tile_cost.ts";
import { imageParams, pointwise, type Window, windowParams } from "./window.ts";

/** A convolution, or its adjoint, that is to be computed. */
export interface ConvolutionRequest {
  node: Tensor;
  x: Tensor;
  weight: Tensor;
  bias?: Tensor;
  input: ImageShape;
  output: ImageShape;
  /** [height, width]. */
  kernel: Shape;
  window: Window;
  /** True for the transposed convolution. */
  adjoint: boolean;
}

/** Dispatches the convolution with one tile. The dispatch adds the bias and takes an epilogue. */
export function tiledConvolution(lowering: Lowering, request: ConvolutionRequest, tile: Tile): void {
  if (tile.parts !== undefined) return splitConvolution(lowering, request, tile, tile.parts);
  const { node, bias } = request;
  const { kernel, constants, bindings, params, workgroups } = productRequest(request, tile);
  lowering.dispatch({
    kernel,
    constants: { ...constants, BIAS: bias !== undefined },
    bindings: { ...bindings, y: node, ...(bias ? { bias } : {}) },
    params: { ...params, ...rowParams({ y: node }) },
    workgroups,
    epilogue: true,
    ...node.operation.cost(node),
  });
}

/** The same with the input channels split into parts, whose sums a second dispatch adds up. */
function splitConvolution(
  lowering: Lowering,
  request: ConvolutionRequest,
  tile: Tile,
  wanted: number,
): void {
  const { node, bias, input, output } = request;
  const { kernel, constants, bindings, params, workgroups } = productRequest(request, tile);
  const inQuads = divideUp(input.channels, 4);
  const chunk = roundUp(divideUp(inQuads, wanted), 4);
  const parts = divideUp(inQuads, chunk);
  const partial = new Scratch(16 * parts * quadCount(node), `${node.label} partial`);
  const tiles = parts * workgroups;
  const y_row = divideUp(output.channels, 4);
  lowering.dispatch({
    kernel,
    constants: { ...constants, SPLIT: true, ...unfinished },
    bindings: { ...bindings, y: partial },
    params: { ...params, tiles, y_row, y_first: 0, chunk },
    workgroups: tiles,
    ...node.operation.cost(node),
  });
  sumImagePartials(lowering, partial, node, parts, bias);
}

/** Constants of dispatches that do not compute a node's final value: no bias is added and nothing is fused. */
const unfinished = { BIAS: false, EPILOGUE: "", EPILOGUE_BINDINGS: "" };

/** The dispatch of a convolution with one tile, but for its output. */
function productRequest(request: ConvolutionRequest, tile: Tile) {
  const { x, weight, input, output, kernel, window, adjoint } = request;
  const phases = phasesOf(request);
  const blocks = tile.workgroups(phases.positions, divideUp(output.channels, 4));
  const tiles = blocks.row_tiles * blocks.column_tiles * phases.count;
  // The adjoint's input is a gradient or a code's vector, never the result of a normalisation.
  const loaded = adjoint ? { x, coefficients: undefined, relu: false } : unnormalised(x);
  const bindings: Record<string, Operand> = { x: loaded.x, w: weight };
  if (loaded.coefficients) bindings.coefficients = loaded.coefficients;
  return {
    kernel: tile.kernel,
    constants: {
      ...tile.constants,
      SPLIT: false,
      ADJOINT: adjoint,
      BATCHED: false,
      NORMALISE: loaded.coefficients !== undefined,
      RELU: loaded.relu,
    },
    bindings,
    params: {
      ...imageParams(input, output),
      ...windowParams(kernel, window),
      phase_height: phases.height,
      phase_width: phases.width,
      ...blocks,
      tiles,
      ...rowParams({ x: loaded.x }),
    },
    workgroups: tiles,
  };
}

/**
 * The phases of a convolution's output positions. The adjoint's positions are grouped by their remainders modulo the
 * stride, because each group uses taps of its own; a forward convolution has one group.
 */
export function phasesOf({ input, output, window, adjoint }: ConvolutionRequest) {
  const [strideY, strideX] = adjoint ? window.stride : [1, 1];
  const [height, width] = [divideUp(output.height, strideY), divideUp(output.width, strideX)];
  return { count: strideY * strideX, height, width, positions: input.images * height * width };
}

/** The extents of a batch of products: [batch][rows][4·inQuads] by [batch][4·inQuads][outQuads]. */
export interface ProductShape {
  batch: number;
  rows: number;
  inQuads: number;
  outQuads: number;
}

/**
 * Computes y[b] = x[b] · w[b] for a batch of matrices that follow one another in memory, or with `adjoint` x[b] · w[b]ᵀ
 * for w [batch][4·outQuads][inQuads]. `flops` is the cost that the plan reports.
 */
export function batchedProduct(
  lowering: Lowering,
  bindings: Record<"x" | "w" | "y", Scratch>,
  { batch, rows, inQuads, outQuads }: ProductShape,
  { adjoint, flops }: { adjoint: boolean; flops: number },
): void {
  const extents = { rows, columns: outQuads, inner: inQuads, count: batch };
  const { kernel, constants, workgroups } = batchTileFor(lowering.target, extents);
  const blocks = workgroups(rows, outQuads);
  const tiles = blocks.row_tiles * blocks.column_tiles * batch;
  const line = (quads: number) => ({ images: 1, height: 1, width: rows, channels: 4 * quads });
  lowering.dispatch({
    kernel,
    constants: {
      ...constants,
      SPLIT: false,
      ADJOINT: adjoint,
      BATCHED: true,
      NORMALISE: false,
      RELU: false,
      ...unfinished,
    },
    bindings,
    params: {
      ...imageParams(line(inQuads), line(outQuads)),
      ...windowParams([1, 1], pointwise),
      phase_height: 1,
      phase_width: rows,
      ...blocks,
      tiles,
      x_row: inQuads,
      x_first: 0,
      y_row: outQuads,
      y_first: 0,
    },
    workgroups: tiles,
    flops,
    bytes: 16 * batch * (rows * (inQuads + outQuads) + 4 * inQuads * outQuads),
  });
}
