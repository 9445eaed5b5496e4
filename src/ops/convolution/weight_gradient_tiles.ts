/** The kernels that compute a weight gradient as a matrix product, and their tiles for a target. */

import type { Kernel, Target } from "../../graph/lowering.ts";
import directSource from "../../../kernels/conv2d_weight_gradient_direct.wgsl" with { type: "text" };
import subgroupSource from "../../../kernels/conv2d_weight_gradient_subgroup.wgsl" with { type: "text" };
import workgroupSource from "../../../kernels/conv2d_weight_gradient_workgroup.wgsl" with { type: "text" };
import { kernelParts } from "../kernel_parts.ts";
import {
  blockPerThread,
  blockPerWorkgroup,
  type CostedTile,
  directThreads,
  type Extents,
  likeliestFirst,
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

/** A tile of a weight gradient. Its rows are units: a unit is one tap with one quad of input channels. */
export interface WeightGradientTile extends Tile {
  /** Positions that are added up at a time; a chunk of positions is a multiple of this. */
  positionStep: number;
  /** True if the kernel has a faster variant for pointwise convolutions, by the constant POINTWISE. */
  hasPointwiseVariant: boolean;
}

/**
 * The tiles that the adapter can run for a weight gradient of these extents, in the order of preference; the last one
 * is the simplest. Rows are units, columns are quads of output channels, and the inner sum is over positions.
 */
export function weightGradientTilesFor(target: Target, extents: Extents): WeightGradientTile[] {
  if (target.subgroupLanes > 0) return [...subgroupTiles(target, extents), ...directTiles];
  const others = [...workgroupTiles(target), ...directTiles.slice(0, -1)];
  return [...likeliestFirst(others, target, extents), directTiles.at(-1)!];
}

/** [rows of lanes, quads a lane, how often a subgroup's lanes are halved to get the positions at a time]. */
const largeFirst = [[2, 2, 1], [1, 2, 1], [1, 1, 2]] as const;
const smallFirst = [[1, 1, 2], [1, 1, 1]] as const;

/** Large tiles if there are enough rows and columns for them; a pointwise convolution can have few rows. */
function subgroupTiles(target: Target, { rows: units, columns }: Extents): WeightGradientTile[] {
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
    workgroups: blockPerWorkgroup(lanes * ROWS, lanes * QUADS),
    positionStep: lanes,
    hasPointwiseVariant: true,
  }));
}

/** Multiply-adds for each quad that a thread loads, in one position, if it computes `units` by `quads`. */
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

function workgroupTiles({ maxInvocations }: Target): (WeightGradientTile & CostedTile)[] {
  return workgroupExtents
    .filter(([COLUMNS, LINES]) => COLUMNS * LINES <= maxInvocations)
    .map(([COLUMNS, LINES, UNITS, QUADS, STEP]) => ({
      name: `workgroup ${4 * LINES * UNITS}×${4 * COLUMNS * QUADS}`,
      kernel: workgroupKernel,
      constants: { COLUMNS, LINES, UNITS, QUADS, STEP },
      workgroups: blockPerWorkgroup(LINES * UNITS, COLUMNS * QUADS),
      positionStep: STEP,
      hasPointwiseVariant: false,
      threadsPerWorkgroup: COLUMNS * LINES,
      quadsPerThread: 4 * UNITS * QUADS,
      intensity: intensityOf(UNITS, QUADS),
      fromWorkgroupMemory: true,
      innerStep: 1,
    }));
}

/** The last tile, of one unit by one quad, is the plain sum. */
const directTiles = ([[4, 2], [2, 1], [1, 1]] as const).map((
  [UNITS, QUADS],
): WeightGradientTile & CostedTile => ({
  name: `direct ${4 * UNITS}×${4 * QUADS}`,
  kernel: directKernel,
  constants: { UNITS, QUADS },
  workgroups: blockPerThread(UNITS, QUADS),
  positionStep: 1,
  hasPointwiseVariant: false,
  threadsPerWorkgroup: directThreads,
  quadsPerThread: 4 * UNITS * QUADS,
  intensity: intensityOf(UNITS, QUADS),
  fromWorkgroupMemory: false,
  innerStep: 1,
}));
