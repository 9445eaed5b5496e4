/** Shapes of codebooks, codes and code statistics, and their checks. */

import type { InputRule } from "../graph/inputs.ts";
import { divideUp, type Shape, type TensorType } from "../graph/layout.ts";
import { images } from "./inputs.ts";
import { type ImageShape, requireSameType, requireType } from "./support.ts";

/** The number of positions of the images. */
export function positionsOf({ images, height, width }: ImageShape): number {
  return images * height * width;
}

/**
 * The number of codes, and of quads in each code, of a codebook [channels, codes].
 *
 * @throws {RangeError} if the codes have another length than `channels`
 */
export function codebookShape(
  name: string,
  embed: TensorType,
  channels: number,
): { codes: number; quads: number } {
  const { shape } = embed;
  if (shape[0] !== channels) {
    throw new RangeError(`Cannot run ${name} as the codebook must be [${channels}, n]: [${shape}]`);
  }
  return { codes: shape[1]!, quads: divideUp(channels, 4) };
}

/**
 * Checks that there is one code [B, H, W] for each position of the images.
 *
 * @throws {RangeError} if there is not
 */
export function requireCodes(name: string, codes: TensorType, { images, height, width }: ImageShape): void {
  requireType(name, "codes", codes, [images, height, width], "u32");
}

/** The shape of the code statistics for a codebook [dim, codes]. */
export function statisticsShape([dim, codes]: Shape): Shape {
  return [codes!, 4 * (divideUp(dim!, 4) + 1)];
}

/**
 * Checks that the three buffers of a codebook, and its statistics if given, have sizes that match.
 *
 * @throws {RangeError} if they do not
 */
export function requireCodebook(
  name: string,
  [embed, average, clusterSize]: readonly TensorType[],
  statistics?: TensorType,
): void {
  codebookShape(name, embed!, embed!.shape[0]!);
  requireSameType(name, embed!, average!);
  requireType(name, "cluster sizes", clusterSize!, [embed!.shape[1]!]);
  if (statistics) requireType(name, "statistics", statistics, statisticsShape(embed!.shape));
}

/**
 * The number of codes, and of quads in each code, from code statistics.
 *
 * @throws {RangeError} if these are not rows of whole quads
 */
export function statisticsRows(name: string, { shape }: TensorType): { codes: number; quads: number } {
  const [codes, width] = shape;
  if (shape.length !== 2 || width! % 4 !== 0) {
    throw new RangeError(`Cannot run ${name} as the statistics must be [codes, a multiple of 4]: [${shape}]`);
  }
  return { codes: codes!, quads: width! / 4 - 1 };
}

/** One vector a position, [B, dim, H, W]. They stay float32: rounding would change which code is the nearest. */
export const vectors: InputRule = images("input", ["f32"]);
