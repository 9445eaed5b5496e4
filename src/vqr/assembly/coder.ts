/** Entry points of the coder in WebAssembly. */

import { at, finish, overrun, start } from "./range.ts";
import { makeMixer, mixerBytes } from "./mixer.ts";
import { codeBest, codeFast, makePlane, planeBytes } from "./plane.ts";
import { leastSquaresBytes, makeLeastSquares } from "./least_squares.ts";
import { makeTables, tableBytes } from "./tables.ts";

const BASE: usize = 1024;
let samplesAt: usize = 0;
let bytesAt: usize = 0;
let tables: bool = false;

function align(v: usize): usize {
  return (v + 15) & ~usize(15);
}

let planeAt: usize = 0, leastAt: usize = 0, mixerAt: usize = 0, sideAt: usize = 0;

/** Lays out the memory for planes of a size and returns how many bytes it needs. */
export function layout(width: i32, height: i32, capacity: i32): f64 {
  mixerAt = align(BASE + tableBytes());
  planeAt = align(mixerAt + mixerBytes());
  leastAt = align(planeAt + planeBytes(width));
  samplesAt = align(leastAt + leastSquaresBytes(width));
  sideAt = align(samplesAt + usize(width) * usize(height) * 4);
  bytesAt = align(sideAt + usize(width) * usize(height) * 4);
  return f64(bytesAt) + f64(capacity);
}

/** Where the samples of a plane stand, as i32. */
export function samples(): usize {
  return samplesAt;
}

/** Where the errors of the plane before stand, and then those of the coded one. */
export function side(): usize {
  return sideAt;
}

/** Where the coded bytes stand. */
export function bytes(): usize {
  return bytesAt;
}

/**
 * Codes one plane whose samples are 0 … `maximum`.
 *
 * Returns the number of bytes written or read, or -1 if the room (encoding) or the bytes (decoding) do not suffice.
 */
export function code(
  width: i32,
  height: i32,
  maximum: i32,
  near: i32,
  length: i32,
  decode: bool,
  best: bool,
  hasSide: bool,
): i32 {
  if (!tables) {
    makeTables(BASE);
    tables = true;
  }
  makeMixer(mixerAt, best ? 11 : 3);
  makePlane(planeAt, width, maximum, near);
  if (best) makeLeastSquares(leastAt, width);
  start(decode, bytesAt, bytesAt + length);
  if (best) codeBest(samplesAt, sideAt, height, hasSide);
  else codeFast(samplesAt, sideAt, height, hasSide);
  if (!decode && !overrun) finish();
  return overrun ? -1 : i32(at - bytesAt);
}
