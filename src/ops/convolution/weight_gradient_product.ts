/** The gradient of a convolution's weight as one matrix product over the positions: its kernels and their tiles. */

import { divideUp, elementCount, roundUp, type Shape, storedCount } from "../../graph/layout.ts";
import { type Kernel, type Lowering, type Operand, Scratch, type Target } from "../../graph/lowering.ts";
import type { Tensor } from "../../graph/tensor.ts";
import directSource from "../../../kernels/conv2d_weight_gradient_direct.wgsl" with { type: "text" };
import subgroupSource from "../../../kernels/conv2d_weight_gradient_subgroup.wgsl" with { type: "text" };
import workgroupSource from "../../../kernels/conv2d_weight_gradient_workgroup.wgsl" with { type: "text" };
import { kernelParts } from "../kernel_parts.ts";
import type { ProductShape } from "./product.ts";
import { imageParams, splitCount, type Window, windowParams } from "./window.ts";
import { unnormalised } from "../normalisation.ts";
import { sumPartials } from "../sum_partials.ts";
import { type ImageShape, rowParams } from "../support.ts";
import {
  byThread,
  type CostedTile,
  type Extents,
  inBlocks,
  likeliestFirst,
  threadsOfDirect,
  type Tile,
} from "./tile_cost.ts";

const subgroupKernel: Kernel = {
  name: "conv2d_weight_gradient_subgroup",
  source: subgroupSource,
  parts: kernelParts,
};
const directKernel: Kernel = {
  name: "conv2d_weight_gradient_direct",
  source: directSource,
  parts: kernelParts,
};
const workgroupKernel: Kernel = {
  name: "conv2d_weight_gradient_workgroup",
  source: workgroupSource,
  parts: kernelParts,
};

/** Chunks of fewer positions than this cost more in partial sums than they win in parallel work. */
const shortestChunk = 128;

/** What the dispatches of a weight's gradient need to know. */
export interface WeightGradientRequest {
  node: Tensor;
  x: Tensor;
  upstream: Tensor;
  input: ImageShape;
  /** The upstream gradient's. */
  output: ImageShape;
  kernel: Shape;
  window: Window;
}

/** The rows of these tiles are units: quads of a tap's input channels. */
interface UnitTile extends Tile {
  /** Positions that are met at a time. */
  step: number;
}

/**
 * The tiles that the adapter can run for products of these extents (rows are units, columns quads of output channels, the inner sum
 * is over positions): the likeliest to be fast first, the simplest last.
 */
export function unitTilesFor(target: Target, extents: Extents): UnitTile[] {
  if (target.subgroupLanes > 0) return [...subgroupTiles(target, extents), ...directTiles];
  const others = [...workgroupTiles(target), ...directTiles.slice(0, -1)];
  return [...likeliestFirst(others, target, extents), directTiles.at(-1)!];
}

/** [rows of lanes, quads a lane, halvings of a subgroup's lanes that are met at a time]. */
const largeFirst = [[2, 2, 1], [1, 2, 1], [1, 1, 2]] as const;
const smallFirst = [[1, 1, 2], [1, 1, 1]] as const;

/** Large tiles where there are rows and columns enough: a pointwise convolution may have few of the former. */
function subgroupTiles(target: Target, { rows: units, columns }: Extents): UnitTile[] {
  const lanes = target.subgroupLanes;
  const others = [...smallFirst, ...largeFirst.slice(0, 2)];
  const extents = columns < 2 * lanes ? smallFirst : units < 2 * lanes ? others : largeFirst;
  return extents.map(([ROWS, QUADS, part]) => ({
    name: `subgroup ${4 * lanes * ROWS}×${4 * lanes * QUADS} by ${lanes / part}`,
    kernel: subgroupKernel,
    constants: {
      LANES: lanes,
      ROWS,
      QUADS,
      STEP: lanes / part,
      SUBGROUPS_ENABLE: target.subgroupsNeedEnable,
    },
    workgroups: inBlocks(lanes * ROWS, lanes * QUADS),
    step: lanes,
  }));
}

/** Multiply-adds of a position for each quad loaded, where a thread computes so many units by quads. */
function intensityOf(units: number, quads: number): number {
  return 16 * units * quads / (units + quads);
}

/** [threads across, threads down, units a thread, quads a thread, positions at a time]. */
const workgroupExtents = [
  [16, 8, 2, 1, 16],
  [16, 8, 2, 2, 16],
  [16, 16, 2, 2, 16],
  [8, 8, 2, 1, 16],
  [16, 8, 4, 1, 16],
] as const;

function workgroupTiles({ maxInvocations }: Target): (UnitTile & CostedTile)[] {
  return workgroupExtents
    .filter(([COLUMNS, LINES]) => COLUMNS * LINES <= maxInvocations)
    .map(([COLUMNS, LINES, UNITS, QUADS, STEP]) => ({
      name: `workgroup ${4 * LINES * UNITS}×${4 * COLUMNS * QUADS}`,
      kernel: workgroupKernel,
      constants: { COLUMNS, LINES, UNITS, QUADS, STEP },
      workgroups: inBlocks(LINES * UNITS, COLUMNS * QUADS),
      step: STEP,
      threads: COLUMNS * LINES,
      quads: 4 * UNITS * QUADS,
      intensity: intensityOf(UNITS, QUADS),
      staged: true,
      depth: 1,
    }));
}

const directTiles = ([[4, 2], [2, 1], [1, 1]] as const).map(([UNITS, QUADS]): UnitTile & CostedTile => ({
  name: `direct ${4 * UNITS}×${4 * QUADS}`,
  kernel: directKernel,
  constants: { UNITS, QUADS },
  workgroups: byThread(UNITS, QUADS),
  step: 1,
  threads: threadsOfDirect,
  quads: 4 * UNITS * QUADS,
  intensity: intensityOf(UNITS, QUADS),
  staged: false,
  depth: 1,
}));

/** True where each position meets itself only. */
function isPointwise(kernel: readonly number[], { stride, padding }: Window): boolean {
  return elementCount(kernel) === 1 && Math.max(...stride) === 1 && Math.max(...padding) === 0;
}

/** The product that a weight's gradient is. */
export function extentsOf({ input, output, kernel }: WeightGradientRequest): Extents {
  return {
    rows: elementCount(kernel) * divideUp(input.channels, 4),
    columns: divideUp(output.channels, 4),
    inner: 1,
    // Sums over many positions are split.
    count: divideUp(output.images * output.height * output.width, shortestChunk),
  };
}

/** Leaves the gradient; sums over many positions are split, and the parts added in their order. */
export function tiledWeightGradient(
  lowering: Lowering,
  request: WeightGradientRequest,
  tile: UnitTile,
): void {
  const { node, x, upstream, input, output, kernel, window } = request;
  const { rows, columns } = extentsOf(request);
  const blocks = tile.workgroups(rows, columns);
  const blockCount = blocks.row_tiles * blocks.column_tiles;
  const positions = output.images * output.height * output.width;
  const split = splitCount(lowering.target, blockCount, positions, shortestChunk);
  const chunk = roundUp(divideUp(positions, split), tile.step);
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
      ...(tile.kernel === subgroupKernel ? { POINTWISE: isPointwise(kernel, window) } : {}),
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
 * y[firstPart + b] = x[b]ᵀ · d[b] for matrices [rows][4·inQuads] and [rows][4·outQuads] that lie one behind the other: what a
 * pointwise convolution's split sum leaves, its parts being the products. `flops` is what the plan is told of it.
 */
export function batchedOuterProduct(
  lowering: Lowering,
  bindings: Record<"x" | "d" | "y", Scratch>,
  { batch, rows, inQuads, outQuads }: ProductShape,
  { firstPart, flops }: { firstPart: number; flops: number },
): void {
  const lines = (quads: number) => ({ images: batch, height: 1, width: rows, channels: 4 * quads });
  const [input, output] = [lines(inQuads), lines(outQuads)];
  const kernel = [1, 1];
  const extents = { rows: inQuads, columns: outQuads, inner: rows, count: batch };
  const tile = unitTilesFor(lowering.target, extents)[0]!;
  const blocks = tile.workgroups(inQuads, outQuads);
  const tiles = blocks.row_tiles * blocks.column_tiles * batch;
  lowering.dispatch({
    kernel: tile.kernel,
    constants: { ...tile.constants, POINTWISE: true, NORMALISE: false, RELU: false },
    bindings,
    params: {
      ...imageParams(input, output),
      ...windowParams(kernel, { stride: [1, 1], padding: [0, 0, 0, 0] }),
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
