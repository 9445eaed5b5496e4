/** Tiles of a matrix product, and a cost model that guesses which tile is the fastest on a GPU. */

import { divideUp, roundUp } from "../../graph/layout.ts";
import type { Kernel, Target } from "../../graph/lowering.ts";

/** A variant of a kernel, by the block of the result that a workgroup or a thread computes. */
export interface Tile {
  /** Stored in tuning caches and checkpoints. */
  name: string;
  kernel: Kernel;
  constants: Record<string, number | boolean>;
  /** The workgroups that cover a result of `rows` by `columns`. */
  workgroups(rows: number, columns: number): { row_tiles: number; column_tiles: number };
  /** The parts that the inner sum is split into, each with workgroups of its own (split-K); default: 1. */
  parts?: number;
}

/** A tile with the figures that the cost model needs. */
export interface CostedTile extends Tile {
  threadsPerWorkgroup: number;
  /** Quads of the result that a thread computes, padding included. */
  quadsPerThread: number;
  /** Multiply-adds for each quad that a thread loads. */
  intensity: number;
  /** True if a thread loads from workgroup memory, false if from global memory. */
  fromWorkgroupMemory: boolean;
  /** Quads of the inner dimension that are loaded at a time: the inner dimension is padded to a multiple of this. */
  innerStep: number;
}

/** The extents of a matrix product. */
export interface Extents {
  rows: number;
  /** In quads. */
  columns: number;
  /** The length of each sum, in quads; for a convolution the length for one tap. */
  inner: number;
  /** The number of products with these extents that one dispatch computes. */
  count: number;
}

/** Each workgroup computes one block of the result. */
export function blockPerWorkgroup(blockRows: number, blockColumns: number): Tile["workgroups"] {
  return (rows, columns) => ({
    row_tiles: divideUp(rows, blockRows),
    column_tiles: divideUp(columns, blockColumns),
  });
}

/** The workgroup size of kernels whose threads do not cooperate. */
export const directThreads = 64;

/** Each thread computes one block of the result, independently of its workgroup. */
export function blockPerThread(blockRows: number, blockColumns: number): Tile["workgroups"] {
  return (rows, columns) => ({
    row_tiles: divideUp(divideUp(rows, blockRows) * divideUp(columns, blockColumns), directThreads),
    column_tiles: 1,
  });
}

/** What loading a quad costs, in multiply-adds: from workgroup memory, and from global memory through a cache. */
const loadCost = { workgroupMemory: 8, globalMemory: 24 };
/** With this many threads for each of the target's parallel workgroups, a GPU's arithmetic units are busy. */
const busyThreads = 64;
/** Limits for splitting an inner sum: shorter or more parts are not worth the addition at the end. */
const splitLimits = { shortestPart: 16, mostParts: 8 };

/**
 * Sorts tiles by a rough estimate of their time on a GPU, for shapes that have not been measured. The estimate counts
 * the work on padding, the loads, and whether there are enough threads to keep the GPU busy.
 */
export function likeliestFirst<Each extends CostedTile>(
  tiles: readonly Each[],
  target: Target,
  extents: Extents,
): Each[] {
  const time = (tile: CostedTile) => estimate(tile, target, extents);
  return tiles.toSorted((first, second) => time(first) - time(second));
}

/**
 * Splits the inner sum of each tile and returns the result with the lowest estimate, or nothing if the whole tiles
 * already keep the GPU busy.
 */
export function splitTile(
  tiles: readonly CostedTile[],
  target: Target,
  extents: Extents,
): CostedTile | undefined {
  const split = tiles.flatMap((tile) => {
    const enough = target.parallelWorkgroups * busyThreads / threadsOf(tile, extents);
    const most = Math.min(splitLimits.mostParts, extents.inner / splitLimits.shortestPart, enough);
    // Only powers of two, so that products of similar extents get tiles of the same name.
    const parts = 2 ** Math.floor(Math.log2(most));
    return parts < 2 ? [] : [{ ...tile, parts, name: `split ${tile.name} by ${parts}` }];
  });
  return likeliestFirst(split, target, extents)[0];
}

function threadsOf(
  { workgroups, threadsPerWorkgroup, parts = 1 }: CostedTile,
  { rows, columns, count }: Extents,
): number {
  const { row_tiles, column_tiles } = workgroups(rows, columns);
  return row_tiles * column_tiles * count * parts * threadsPerWorkgroup;
}

/** The estimated time, in multiply-adds of all threads together; only comparisons are meaningful. */
function estimate(tile: CostedTile, target: Target, extents: Extents): number {
  const cost = tile.fromWorkgroupMemory ? loadCost.workgroupMemory : loadCost.globalMemory;
  const inner = roundUp(divideUp(extents.inner, tile.parts ?? 1), tile.innerStep);
  const perThread = tile.quadsPerThread * inner * (1 + cost / tile.intensity);
  return perThread * Math.max(threadsOf(tile, extents), target.parallelWorkgroups * busyThreads);
}
