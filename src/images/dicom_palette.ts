/** Reads the palettes of DICOM files, plain or in segments. */

import type { DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";
import {
  hasTable,
  type LookupTable,
  readDescriptor,
  readEntries,
  readTable,
  tableOf,
} from "./dicom_table.ts";

/** Kinds of segments (PS3.3, C.7.9.2). */
const DISCRETE = 0, LINEAR = 1, INDIRECT = 2;

/**
 * The tables of red, green and blue (PS3.3, C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9).
 *
 * @throws {DataError} if the palette is missing or damaged
 */
export function paletteTables(dataSet: DataSet, signed: boolean): LookupTable[] {
  return [1, 2, 3].map((colour) => {
    const [descriptor, data, segments] = [`x0028110${colour}`, `x0028120${colour}`, `x0028122${colour}`];
    if (hasTable(dataSet, descriptor, data)) return readTable(dataSet, descriptor, data, signed);
    if (!hasTable(dataSet, descriptor, segments)) throw new DataError("its palette is missing");
    const described = readDescriptor(dataSet, descriptor, signed);
    const element = dataSet.elements[segments]!;
    const codes = readEntries(
      dataSet,
      element,
      Math.floor(element.length / (described.bits > 8 ? 2 : 1)),
      described.bits,
    );
    return tableOf(expandSegments(codes, described.count, described.bits), described);
  });
}

/** The entries that segments describe: discrete values, linear ramps, and copies of earlier segments. */
function expandSegments(codes: Uint16Array, count: number, bits: number): Uint16Array {
  const entries = new Uint16Array(count);
  let filled = 0;
  const add = (value: number) => {
    if (filled < count) entries[filled++] = value;
  };
  const damaged = () => new DataError("it is damaged: the segments of its palette are not valid");
  /** Expands up to `limit` segments from a position. */
  const expand = (from: number, limit: number, isCopy: boolean) => {
    for (let at = from, done = 0; at + 1 < codes.length && done < limit && filled < count; done++) {
      const [kind, length] = [codes[at]!, codes[at + 1]!];
      if (kind === DISCRETE) {
        codes.subarray(at + 2, at + 2 + length).forEach(add);
        at += 2 + length;
      } else if (kind === LINEAR) {
        if (filled === 0 || at + 2 >= codes.length) throw damaged();
        const [start, end] = [entries[filled - 1]!, codes[at + 2]!];
        for (let i = 1; i <= length; i++) add(Math.round(start + (end - start) * i / length));
        at += 3;
      } else if (kind === INDIRECT && !isCopy && at + 3 < codes.length) {
        // The position of the first copied segment, in bytes: its low and high half.
        const position = (codes[at + 2]! + codes[at + 3]! * 2 ** bits) / (bits > 8 ? 2 : 1);
        if (!(position < at)) throw damaged();
        expand(position, length, true);
        at += 4;
      } else throw damaged();
    }
  };
  expand(0, Infinity, false);
  if (filled < count) throw damaged();
  return entries;
}
