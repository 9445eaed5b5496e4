/** Convolution as one matrix product, forward or as the adjoint with the window the other way: its kernels and their tiles. */

import { divideUp, roundUp, type Shape } from "../../graph/layout.ts";
import { type Kernel, type Lowering, type Operand, Scratch, type Target } from "../../graph/lowering.ts";
import type { Tensor } from "../../graph/tensor.ts";
import directSource from "../../../kernels/conv2d_direct.wgsl" with { type: "text" };
import narrowSource from "../../../kernels/conv2d_narrow_subgroup.wgsl" with { type: "text" };
import subgroupSource from "../../../kernels/conv2d_subgroup.wgsl" with { type: "text" };
import workgroupSource from "../../../kernels/conv2d_workgroup.wgsl" with { type: "text" };
import { kernelParts } from "../kernel_parts.ts";
import { imageParams, type Window, windowParams } from "./window.ts";
import { unnormalised } from "../normalisation.ts";
import { sumImagePartials } from "../sum_partials.ts";
import { type ImageShape, quadCount, rowParams } from "../support.ts";
import {
  byThread,
  type CostedTile,
  type Extents,
  inBlocks,
  likeliestFirst,
  splitTile,
  threadsOfDirect,
  type Tile,
} from "./tile_cost.ts";

const subgroupKernel: Kernel = { name: "conv2d_subgroup", source: subgroupSource, parts: kernelParts };
const narrowKernel: Kernel = { name: "conv2d_narrow_subgroup", source: narrowSource, parts: kernelParts };
const directKernel: Kernel = { name: "conv2d_direct", source: directSource, parts: kernelParts };
const workgroupKernel: Kernel = { name: "conv2d_workgroup", source: workgroupSource, parts: kernelParts };

/** What a convolution's dispatch needs to know. */
export interface ConvolutionRequest {
  node: Tensor;
  x: Tensor;
  weight: Tensor;
  bias?: Tensor;
  input: ImageShape;
  output: ImageShape;
  kernel: Shape;
  window: Window;
  /** True for the transposed convolution. */
  adjoint: boolean;
}

/**
 * The tiles that the adapter can run for products of these extents (rows are positions, columns quads of output channels): the
 * likeliest to be fast first, the simplest last.
 */
export function tilesFor(target: Target, extents: Extents): Tile[] {
  const direct = directTiles(extents.columns);
  if (target.subgroupLanes > 0) return [...subgroupTiles(target, extents), ...direct];
  const workgroup = workgroupTiles(target);
  const [first, ...others] = likeliestFirst([...workgroup, ...direct.slice(0, -1)], target, extents);
  // Never the first: how many parts there are hangs on the batch, and without measurements an image's values should not. All
  // other tiles add up in one order.
  const split = splitTile(workgroup, target, extents);
  return [first!, ...(split ? [split] : []), ...others, direct.at(-1)!];
}

/** The likeliest to be fast of those whose threads share what they load. */
function cooperativeTile(target: Target, extents: Extents): Tile {
  const tiles = target.subgroupLanes > 0
    ? subgroupTiles(target, extents)
    : likeliestFirst(workgroupTiles(target), target, extents);
  return tiles[0]!;
}

/** Rows of lanes that a subgroup may take at a time: first as many as were found best, or fewer where there are no more. */
function rowChoices(lanes: number, positions: number, best: number): number[] {
  const useful = [8, 4, 2, 1].filter((rows) => rows === 1 || positions > rows / 2 * lanes);
  return useful.sort((first, second) => Math.abs(first - best) - Math.abs(second - best));
}

/**
 * 32 positions by 64 channels a subgroup of 8, or by 32 where there are fewer: the fastest on software adapters, whose vectors
 * are that wide; fewer positions where the whole tensor has no more. A sum's order is the same in all of them.
 */
function subgroupTiles(target: Target, { rows, columns }: Extents): Tile[] {
  if (columns === 1) return narrowTiles(target, rows);
  const lanes = target.subgroupLanes;
  const widths = columns > lanes ? [2, 1] : [1];
  return widths.flatMap((QUADS) =>
    rowChoices(lanes, rows, 4).map((ROWS) => ({
      name: `subgroup ${lanes * ROWS}×${4 * lanes * QUADS}`,
      kernel: subgroupKernel,
      constants: { LANES: lanes, ROWS, QUADS, SUBGROUPS_ENABLE: target.subgroupsNeedEnable },
      workgroups: inBlocks(lanes * ROWS, lanes * QUADS),
    }))
  );
}

/** For one quad of channels alone the lanes are positions. */
function narrowTiles(target: Target, positions: number): Tile[] {
  const lanes = target.subgroupLanes;
  return rowChoices(lanes, positions, 4).map((ROWS) => ({
    name: `narrow subgroup ${lanes * ROWS}×4`,
    kernel: narrowKernel,
    constants: { LANES: lanes, ROWS, SUBGROUPS_ENABLE: target.subgroupsNeedEnable },
    workgroups: inBlocks(lanes * ROWS, 1),
  }));
}

/** Multiply-adds of a step of the inner sum for each quad loaded, where a thread computes so many rows by columns. */
function intensityOf(rows: number, columns: number): number {
  return 16 * rows * columns / (rows + 4 * columns);
}

/** [threads across, threads down, positions a thread, quads a thread]. */
const workgroupExtents = [
  [8, 8, 8, 1],
  [16, 8, 8, 1],
  [8, 16, 8, 2],
  [16, 8, 8, 2],
  [16, 16, 8, 2],
  [8, 8, 4, 1],
] as const;

function workgroupTiles({ maxInvocations }: Target): CostedTile[] {
  return workgroupExtents
    .filter(([COLUMNS, LINES]) => COLUMNS * LINES <= maxInvocations)
    .map(([COLUMNS, LINES, ROWS, QUADS]) => ({
      name: `workgroup ${LINES * ROWS}×${4 * COLUMNS * QUADS}`,
      kernel: workgroupKernel,
      constants: { COLUMNS, LINES, ROWS, QUADS },
      workgroups: inBlocks(LINES * ROWS, COLUMNS * QUADS),
      threads: COLUMNS * LINES,
      quads: ROWS * QUADS,
      intensity: intensityOf(ROWS, QUADS),
      staged: true,
      depth: 4,
    }));
}

/** [positions, quads] of a thread: no more quads than there are. */
function directTiles(columns: number): CostedTile[] {
  const extents = [[8, Math.min(4, columns)], [4, Math.min(2, columns)], [1, 1]] as const;
  return extents.map(([POSITIONS, QUADS]) => ({
    name: `direct ${POSITIONS}×${4 * QUADS}`,
    kernel: directKernel,
    constants: { POSITIONS, QUADS },
    workgroups: byThread(POSITIONS, QUADS),
    threads: threadsOfDirect,
    quads: POSITIONS * QUADS,
    intensity: intensityOf(POSITIONS, QUADS),
    staged: false,
    depth: 1,
  }));
}

/** Leaves the node's values, bias added, open to an epilogue. */
export function tiledConvolution(lowering: Lowering, request: ConvolutionRequest, tile: Tile): void {
  if (tile.parts !== undefined) return splitConvolution(lowering, request, tile, tile.parts);
  const { node, bias } = request;
  const { kernel, constants, bindings, params, workgroups } = tiledProduct(request, tile);
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

/** The same with each sum over the input's channels in parts, which are added up by a dispatch of their own. */
function splitConvolution(
  lowering: Lowering,
  request: ConvolutionRequest,
  tile: Tile,
  wanted: number,
): void {
  const { node, bias, input, output } = request;
  const { kernel, constants, bindings, params, workgroups } = tiledProduct(request, tile);
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

/** What leaves a kernel that is no node's value yet: nothing is added to it, and nothing is fused behind it. */
const unfinished = { BIAS: false, EPILOGUE: "", EPILOGUE_BINDINGS: "" };

/** What a convolution's dispatch asks for, whatever it leaves. */
function tiledProduct(request: ConvolutionRequest, tile: Tile) {
  const { x, weight, input, output, kernel, window, adjoint } = request;
  const phases = phasesOf(request);
  const blocks = tile.workgroups(phases.positions, divideUp(output.channels, 4));
  const tiles = blocks.row_tiles * blocks.column_tiles * phases.count;
  // The adjoint's input is a gradient or a code's vector, never a normalisation's result.
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

/** The adjoint's positions are grouped by their remainder modulo the stride; forward there is one group. */
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
 * y[b] = x[b] · w[b] for matrices that lie one behind the other, or with `adjoint` x[b] · w[b]ᵀ for w [batch][4·outQuads][inQuads].
 * `flops` is what the plan is told of it.
 */
export function batchedProduct(
  lowering: Lowering,
  bindings: Record<"x" | "w" | "y", Scratch>,
  { batch, rows, inQuads, outQuads }: ProductShape,
  { adjoint, flops }: { adjoint: boolean; flops: number },
): void {
  const extents = { rows, columns: outQuads, inner: inQuads, count: batch };
  const { kernel, constants, workgroups } = cooperativeTile(lowering.target, extents);
  const blocks = workgroups(rows, outQuads);
  const tiles = blocks.row_tiles * blocks.column_tiles * batch;
  const line = (quads: number) => ({ images: 1, height: 1, width: rows, channels: 4 * quads });
  lowering.dispatch({
    kernel,
    constants: {
      ...constants,
      ADJOINT: adjoint,
      BATCHED: true,
      SPLIT: false,
      NORMALISE: false,
      RELU: false,
      ...unfinished,
    },
    bindings,
    params: {
      ...imageParams(line(inQuads), line(outQuads)),
      ...windowParams([1, 1], { stride: [1, 1], padding: [0, 0, 0, 0] }),
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
