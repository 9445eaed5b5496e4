/** Packs the levels that a plane uses, so that unused ones between them cost nothing. */

import { DataError } from "../errors.ts";
import type { ByteReader } from "./bytes.ts";

/** How many levels to each side count as the neighbourhood of one. */
const REACH = 8;

/** The used levels of a plane as lengths of runs: used, unused, used …; undefined if packing does not pay. */
export function packingOf(plane: Int32Array, minimum: number, range: number): number[] | undefined {
  const counts = new Uint32Array(range + 1);
  for (const value of plane) counts[value - minimum]!++;
  const runs: number[] = [];
  let start = 0;
  for (let level = 1; level <= range + 1; level++) {
    if (level > range || (counts[level]! > 0) !== (counts[level - 1]! > 0)) {
      runs.push(level - start);
      start = level;
    }
  }
  // A level among sparse ones is coded with as many bits less as the logarithm of their density.
  let saving = 0;
  for (let level = 0; level <= range; level++) {
    if (counts[level] === 0) continue;
    const from = Math.max(0, level - REACH), to = Math.min(range, level + REACH);
    let used = 0;
    for (let other = from; other <= to; other++) if (counts[other]! > 0) used++;
    saving += counts[level]! * Math.log2((to - from + 1) / used);
  }
  const cost = 8 * runs.reduce((sum, run) => sum + (run < 128 ? 1 : run < 16384 ? 2 : 3), 3);
  return runs.length > 1 && saving / 2 > cost ? runs : undefined;
}

/** The levels of runs, less the minimum. */
export function levelsOf(runs: number[]): Int32Array<ArrayBuffer> {
  const levels: number[] = [];
  let level = 0;
  runs.forEach((run, index) => {
    if (index % 2 === 0) { for (let i = 0; i < run; i++) levels.push(level + i); }
    level += run;
  });
  return Int32Array.from(levels);
}

/** @throws {DataError} if the runs do not add up to the range */
export function readRuns(reader: ByteReader, range: number): number[] {
  const count = reader.varint();
  if (count % 2 === 0 || count > range + 1 || count > reader.left) {
    throw new DataError("the .vqr file is damaged: its table of levels is invalid");
  }
  const runs: number[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const run = reader.varint();
    total += run;
    if (run === 0 || total > range + 1) break;
    runs.push(run);
  }
  if (runs.length < count || total !== range + 1) {
    throw new DataError("the .vqr file is damaged: its table of levels is invalid");
  }
  return runs;
}
