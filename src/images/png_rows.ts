/** Rows of PNG images: interlacing, filters and bit depths. */

import { DataError } from "../errors.ts";

/** The pixels of one pass of interlacing: every `right`-th column from `left` in every `down`-th row from `top`. */
export interface Pass {
  width: number;
  height: number;
  left: number;
  top: number;
  right: number;
  down: number;
}

/** The passes of Adam7: left, top, right, down. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The passes in which an image is stored, except empty ones, which are not in the file. */
export function passes(width: number, height: number, interlaced: boolean): Pass[] {
  if (!interlaced) return [{ width, height, left: 0, top: 0, right: 1, down: 1 }];
  return adam7.map(([left, top, right, down]) => ({
    width: Math.ceil((width - left) / right),
    height: Math.ceil((height - top) / down),
    left,
    top,
    right,
    down,
  })).filter((pass) => pass.width > 0 && pass.height > 0);
}

/**
 * Reverses a row's filter in place.
 *
 * @param step bytes from a pixel to the previous one
 * @throws {DataError} if there is no such filter
 */
export function restoreRow(row: Uint8Array, above: Uint8Array, filter: number, step: number): void {
  const count = row.length;
  if (filter === 1) {
    for (let i = step; i < count; i++) row[i]! += row[i - step]!;
  } else if (filter === 2) {
    for (let i = 0; i < count; i++) row[i]! += above[i]!;
  } else if (filter === 3) {
    for (let i = 0; i < count; i++) row[i]! += ((i < step ? 0 : row[i - step]!) + above[i]!) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < Math.min(step, count); i++) row[i]! += above[i]!;
    for (let i = step; i < count; i++) row[i]! += paeth(row[i - step]!, above[i]!, above[i - step]!);
  } else if (filter !== 0) {
    throw new DataError(`it is damaged: PNG has no filter ${filter}`);
  }
}

/** Paeth's predictor: the neighbour whose value is closest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Reads a row's samples into `line`. Samples of fewer than 8 bits are scaled to 0 … 255, unless they are indices. */
export function unpackRow(
  row: Uint8Array,
  depth: number,
  line: Uint8Array | Uint16Array,
  areIndices: boolean,
): void {
  if (depth === 8) {
    line.set(row);
  } else if (depth === 16) {
    for (let i = 0; i < line.length; i++) line[i] = row[2 * i]! << 8 | row[2 * i + 1]!;
  } else {
    const mask = 2 ** depth - 1;
    const factor = areIndices ? 1 : 255 / mask;
    for (let i = 0; i < line.length; i++) {
      const bit = i * depth;
      line[i] = (row[bit >> 3]! >> (8 - depth - (bit & 7)) & mask) * factor;
    }
  }
}
