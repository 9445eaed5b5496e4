/** Packs the levels that a plane uses, so that unused ones between them cost nothing. */

import { DataError } from "../errors.ts";
import { type ByteReader, ByteWriter } from "./bytes.ts";

/**
 * The used levels of a plane, less its minimum.
 *
 * @param leastUnused packing is worth trying if more than this part of the range is unused
 * @returns undefined if it is not worth trying
 */
export function packingOf(
  plane: Int32Array,
  minimum: number,
  range: number,
  leastUnused: number,
): Int32Array | undefined {
  const used = new Uint8Array(range + 1);
  for (const value of plane) used[value - minimum] = 1;
  const levels: number[] = [];
  used.forEach((mark, level) => mark && levels.push(level));
  return levels.length < (range + 1) * (1 - leastUnused) ? Int32Array.from(levels) : undefined;
}

/** Lengths of runs of levels: used, unused, used … */
export function writeRuns(levels: Int32Array): Uint8Array<ArrayBuffer> {
  const runs: number[] = [];
  let start = 0;
  for (let i = 1; i <= levels.length; i++) {
    if (i < levels.length && levels[i] === levels[i - 1]! + 1) continue;
    runs.push(levels[i - 1]! + 1 - start);
    if (i < levels.length) runs.push(levels[i]! - levels[i - 1]! - 1);
    start = levels[i] ?? 0;
  }
  const writer = new ByteWriter();
  writer.varint(runs.length);
  for (const run of runs) writer.varint(run);
  return writer.finish();
}

/**
 * The levels that `writeRuns` has written.
 *
 * @throws {DataError} if the runs do not add up to the range
 */
export function readRuns(reader: ByteReader, range: number): Int32Array {
  const count = reader.varint();
  if (count % 2 === 0 || count > range + 1 || count > reader.left) throw invalid();
  const levels: number[] = [];
  let level = 0;
  for (let i = 0; i < count; i++) {
    const run = reader.varint();
    if (run === 0 || run > range + 1 - level) throw invalid();
    for (const end = level + run; level < end; level++) if (i % 2 === 0) levels.push(level);
  }
  if (level !== range + 1) throw invalid();
  return Int32Array.from(levels);
}

/** A bit for each level, the highest bit of a byte first. */
export function writeMap(levels: Int32Array, range: number): Uint8Array<ArrayBuffer> {
  const map = new Uint8Array(Math.ceil((range + 1) / 8));
  for (const level of levels) map[level >> 3]! |= 128 >> (level & 7);
  return map;
}

/**
 * The levels that `writeMap` has written.
 *
 * @throws {DataError} if the first or the last level is unused
 */
export function readMap(reader: ByteReader, range: number): Int32Array {
  const map = reader.bytes(Math.ceil((range + 1) / 8));
  const levels: number[] = [];
  for (let level = 0; level <= range; level++) if (map[level >> 3]! & 128 >> (level & 7)) levels.push(level);
  if (levels[0] !== 0 || levels.at(-1) !== range) throw invalid();
  return Int32Array.from(levels);
}

function invalid(): DataError {
  return new DataError("the .vqr file is damaged: its table of levels is invalid");
}
