/** The kernels that compute a convolution as a matrix product, and their tiles for a target. */

import type { Kernel, Target } from "../../graph/lowering.ts";
import directSource from "../../../kernels/conv2d_direct.wgsl" with { type: "text" };
import narrowSource from "../../../kernels/conv2d_narrow_subgroup.wgsl" with { type: "text" };
import subgroupSource from "../../../kernels/conv2d_subgroup.wgsl" with { type: "text" };
import workgroupSource from "../../../kernels/conv2d_workgroup.wgsl" with { type: "text" };
import { kernelParts } from "../kernel_parts.ts";
import {
  blockPerThread,
  blockPerWorkgroup,
  type CostedTile,
  directThreads,
  type Extents,
  likeliestFirst,
  splitTile,
  type Tile,
} from "./tile_cost.ts";

const subgroupKernel: Kernel = { name: "conv2d_subgroup", source: subgroupSource, parts: kernelParts };
const narrowKernel: Kernel = { name: "conv2d_narrow_subgroup", source: narrowSource, parts: kernelParts };
const directKernel: Kernel = { name: "conv2d_direct", source: directSource, parts: kernelParts };
const workgroupKernel: Kernel = { name: "conv2d_workgroup", source: workgroupSource, parts: kernelParts };

/**
 * The tiles that the adapter can run for a convolution of these extents, in the order of preference; the last one is
 * the simplest. Rows are output positions, columns are quads of output channels.
 */
export function tilesFor(target: Target, extents: Extents): Tile[] {
  const direct = directTiles(extents.columns);
  if (target.subgroupLanes > 0) return [...subgroupTiles(target, extents), ...direct];
  const workgroup = workgroupTiles(target);
  const [first, ...others] = likeliestFirst([...workgroup, ...direct.slice(0, -1)], target, extents);
  // A split tile is never the first: its number of parts, and so the order of its sums, depends on the batch, and
  // without a measurement an image's values must not depend on the batch. All other tiles add up in the same order.
  const split = splitTile(workgroup, target, extents);
  return [first!, ...(split ? [split] : []), ...others, direct.at(-1)!];
}

/** The preferred tile for a batch of products. Only kernels whose threads share what they load compute batches. */
export function batchTileFor(target: Target, extents: Extents): Tile {
  const tiles = target.subgroupLanes > 0
    ? subgroupTiles(target, extents)
    : likeliestFirst(workgroupTiles(target), target, extents);
  return tiles[0]!;
}

/**
 * The numbers of rows that a lane can compute, those nearest to `best` first; only as many as there are positions for.
 */
function rowChoices(lanes: number, positions: number, best: number): number[] {
  const useful = [8, 4, 2, 1].filter((rows) => rows === 1 || positions > rows / 2 * lanes);
  return useful.sort((first, second) => Math.abs(first - best) - Math.abs(second - best));
}

/**
 * A subgroup of 8 computes 32 positions by 64 channels, or by 32 channels if there are no more: the fastest on software
 * adapters, whose vectors have 8 lanes. It takes fewer positions if the tensor has no more. All tiles add up in the
 * same order.
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
      workgroups: blockPerWorkgroup(lanes * ROWS, lanes * QUADS),
    }))
  );
}

/** Tiles for one quad of output channels: the lanes are positions. */
function narrowTiles(target: Target, positions: number): Tile[] {
  const lanes = target.subgroupLanes;
  return rowChoices(lanes, positions, 4).map((ROWS) => ({
    name: `narrow subgroup ${lanes * ROWS}×4`,
    kernel: narrowKernel,
    constants: { LANES: lanes, ROWS, SUBGROUPS_ENABLE: target.subgroupsNeedEnable },
    workgroups: blockPerWorkgroup(lanes * ROWS, 1),
  }));
}

/** Multiply-adds for each quad that a thread loads, in one step of the inner sum over `rows` by `columns` quads. */
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
      workgroups: blockPerWorkgroup(LINES * ROWS, COLUMNS * QUADS),
      threadsPerWorkgroup: COLUMNS * LINES,
      quadsPerThread: ROWS * QUADS,
      intensity: intensityOf(ROWS, QUADS),
      fromWorkgroupMemory: true,
      innerStep: 4,
    }));
}

/** The last tile, of one position by one quad, is the plain sum. No tile is wider than the result. */
function directTiles(columns: number): CostedTile[] {
  const extents = [[8, Math.min(4, columns)], [4, Math.min(2, columns)], [1, 1]] as const;
  return extents.map(([POSITIONS, QUADS]) => ({
    name: `direct ${POSITIONS}×${4 * QUADS}`,
    kernel: directKernel,
    constants: { POSITIONS, QUADS },
    workgroups: blockPerThread(POSITIONS, QUADS),
    threadsPerWorkgroup: directThreads,
    quadsPerThread: POSITIONS * QUADS,
    intensity: intensityOf(POSITIONS, QUADS),
    fromWorkgroupMemory: false,
    innerStep: 1,
  }));
}
