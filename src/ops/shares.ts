/** How sums over an image tensor's positions are shared out: a workgroup takes some quads of one chunk of positions. */

import { divideUp, roundUp } from "../graph/layout.ts";
import type { Target } from "../graph/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import { splitCount } from "./convolution/window.ts";
import { imageShape } from "./support.ts";

/** Quads of a workgroup: its threads are so many by the target's `summingLines`. */
const quadsAtOnce = 8;

/** The number of values of each channel. */
export function channelCount({ type }: Tensor): number {
  const { images, height, width } = imageShape("a sum over positions", type);
  return images * height * width;
}

/** The workgroups that have all quads between them. */
export function columnTiles(quads: number): number {
  return divideUp(quads, quadsAtOnce);
}

/** Shares out the positions of x; a chunk of fewer than `shortest` is not worth a partial sum. */
export function shareOut(x: Tensor, target: Target, shortest: number) {
  const positions = channelCount(x);
  const quads = divideUp(x.shape[1]!, 4);
  const column_tiles = columnTiles(quads);
  const split = splitCount(target, column_tiles, positions, shortest);
  const chunk = roundUp(divideUp(positions, split), target.summingLines);
  const parts = divideUp(positions, chunk);
  return { positions, quads, chunk, parts, column_tiles, tiles: column_tiles * parts };
}
