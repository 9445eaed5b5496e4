/** How long sums are split into parts, so that there are enough workgroups; `sum_partials.ts` adds up the parts. */

import { divideUp, roundUp } from "../graph/layout.ts";
import type { Target } from "../graph/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import { imageExtents } from "./support.ts";

/**
 * The number of parts for sums over `length` values, of which a part has at least `shortest`. The sums of a whole
 * result take `tiles` workgroups.
 */
export function splitCount(target: Target, tiles: number, length: number, shortest: number): number {
  const wanted = Math.floor(target.parallelWorkgroups / tiles);
  return Math.max(1, Math.min(wanted, Math.floor(length / shortest)));
}

/** Quads of channels that a workgroup takes in a sum over positions; each has `summingLines` threads. */
const quadsAtOnce = 8;

/** The number of positions of images [N, C, H, W]: N · H · W. */
export function positionCount({ type }: Tensor): number {
  const { images, height, width } = imageExtents(type);
  return images * height * width;
}

/** The number of workgroups that cover all quads once. */
export function columnTiles(quads: number): number {
  return divideUp(quads, quadsAtOnce);
}

/** Splits sums over the positions of x into chunks of at least `shortest` positions. */
export function splitPositions(x: Tensor, target: Target, shortest: number) {
  const positions = positionCount(x);
  const quads = divideUp(x.shape[1]!, 4);
  const column_tiles = columnTiles(quads);
  const split = splitCount(target, column_tiles, positions, shortest);
  const chunk = roundUp(divideUp(positions, split), target.summingLines);
  const parts = divideUp(positions, chunk);
  return { positions, quads, chunk, parts, column_tiles, tiles: column_tiles * parts };
}
