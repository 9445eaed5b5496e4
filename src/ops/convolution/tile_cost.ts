/** Tiles of a matrix product: what a kernel's form computes at a time, and which forms are likely to be fast. */

import { divideUp, roundUp } from "../../graph/layout.ts";
import type { Kernel, Target } from "../../graph/lowering.ts";

/** A form of a kernel. */
export interface Tile {
  name: string;
  kernel: Kernel;
  constants: Record<string, number | boolean>;
  /** The workgroups that so many rows by columns of the result take. */
  workgroups(rows: number, columns: number): { row_tiles: number; column_tiles: number };
  /** Parts of the inner sum that have workgroups of their own; one where it is missing. */
  parts?: number;
}

/** A tile of which can be told what it asks of a card. */
export interface CostedTile extends Tile {
  /** Of a workgroup. */
  threads: number;
  /** Quads of the result that a thread computes, padding included. */
  quads: number;
  /** Multiply-adds for each quad that a thread loads to do them. */
  intensity: number;
  /** True where these loads are from workgroup memory. */
  staged: boolean;
  /** Quads of the inner sum that are met at a time; what they are more than there are is wasted. */
  depth: number;
}

/** The extents of a product. */
export interface Extents {
  rows: number;
  columns: number;
  /** The length of each sum, in quads; of a convolution's, a tap's share. */
  inner: number;
  /** Products of these extents that are computed at the same time. */
  count: number;
}

/** Each workgroup computes a block of the result. */
export function inBlocks(blockRows: number, blockColumns: number): Tile["workgroups"] {
  return (rows, columns) => ({
    row_tiles: divideUp(rows, blockRows),
    column_tiles: divideUp(columns, blockColumns),
  });
}

/** Threads of a workgroup whose threads have nothing to do with one another. */
export const threadsOfDirect = 64;

/** Each thread computes a block of its own, whichever workgroup it is in. */
export function byThread(blockRows: number, blockColumns: number): Tile["workgroups"] {
  return (rows, columns) => ({
    row_tiles: divideUp(divideUp(rows, blockRows) * divideUp(columns, blockColumns), threadsOfDirect),
    column_tiles: 1,
  });
}

/** Multiply-adds that take as long as loading a quad from workgroup memory, and from a cache. */
const loadCost = { staged: 8, cached: 24 };
/** Threads of each of the target's parallel workgroups at which a card's arithmetic is busy. */
const busyThreads = 64;
/** A part of an inner sum has at least so many quads; more parts are not worth adding up. */
const partOfSum = { quads: 16, most: 8 };

/**
 * The tiles in the order of a rough guess at their time on a card, for want of a measurement: what they compute for nothing at the
 * edges, how much they load for it, and whether there are threads enough.
 */
export function likeliestFirst<Each extends CostedTile>(
  tiles: readonly Each[],
  target: Target,
  extents: Extents,
): Each[] {
  const time = (tile: CostedTile) => estimate(tile, target, extents);
  return tiles.toSorted((first, second) => time(first) - time(second));
}

/** The tile with its inner sum in parts that has the least time by the same guess; none where there are threads enough as it is. */
export function splitTile(
  tiles: readonly CostedTile[],
  target: Target,
  extents: Extents,
): CostedTile | undefined {
  const split = tiles.flatMap((tile) => {
    const enough = target.parallelWorkgroups * busyThreads / threadsOf(tile, extents);
    const most = Math.min(partOfSum.most, extents.inner / partOfSum.quads, enough);
    // Powers of two, so that products of about the same extents have tiles of the same name.
    const parts = 2 ** Math.floor(Math.log2(most));
    return parts < 2 ? [] : [{ ...tile, parts, name: `split ${tile.name} by ${parts}` }];
  });
  return likeliestFirst(split, target, extents)[0];
}

function threadsOf(
  { workgroups, threads, parts = 1 }: CostedTile,
  { rows, columns, count }: Extents,
): number {
  const { row_tiles, column_tiles } = workgroups(rows, columns);
  return row_tiles * column_tiles * count * parts * threads;
}

function estimate(tile: CostedTile, target: Target, extents: Extents): number {
  const cost = tile.staged ? loadCost.staged : loadCost.cached;
  const inner = roundUp(divideUp(extents.inner, tile.parts ?? 1), tile.depth);
  const perThread = tile.quads * inner * (1 + cost / tile.intensity);
  return perThread * Math.max(threadsOf(tile, extents), target.parallelWorkgroups * busyThreads);
}
