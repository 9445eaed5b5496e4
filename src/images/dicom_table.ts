/** Reads the lookup tables of DICOM files. */

import type { DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";

/** A lookup table of a modality, of a VOI transformation or of a palette's colour (PS3.3, C.11.1.1.1). */
export interface LookupTable {
  /** The largest value that an entry's bits can hold. */
  largest: number;
  /** The entry for an integer. Integers below and above the table's range get its first and last entry. */
  at(value: number): number;
}

/** Whether a table's descriptor and data exist. */
export function hasTable(dataSet: DataSet, descriptor: string, data: string): boolean {
  return dataSet.elements[descriptor] !== undefined && dataSet.elements[data] !== undefined;
}

/**
 * Reads a table. Its descriptor holds the number of entries, the integer of the first entry, and the bits of an entry.
 *
 * @param signed whether the integer of the first entry may be negative
 * @throws {DataError} if the table is missing, damaged or cut short
 */
export function readTable(dataSet: DataSet, descriptor: string, data: string, signed: boolean): LookupTable {
  const count = dataSet.uint16(descriptor, 0);
  const first = signed ? dataSet.int16(descriptor, 1) : dataSet.uint16(descriptor, 1);
  const bits = dataSet.uint16(descriptor, 2);
  const element = dataSet.elements[data];
  if (count === undefined || first === undefined || bits === undefined || !element || bits < 8 || bits > 16) {
    throw new DataError("it is damaged: a lookup table is missing or not valid");
  }
  const entries = readEntries(dataSet, element, count || 65536, bits);
  return {
    largest: 2 ** bits - 1,
    at: (value) => entries[Math.min(entries.length - 1, Math.max(0, value - first))]!,
  };
}

function readEntries(
  dataSet: DataSet,
  { dataOffset, length }: { dataOffset: number; length: number },
  count: number,
  bits: number,
): Uint16Array {
  // Entries of 8 bits may occupy a byte or a 16-bit word each.
  const size = bits === 8 && length < 2 * count ? 1 : 2;
  if (length < count * size || dataOffset + length > dataSet.byteArray.length) {
    throw new DataError("it is damaged: a lookup table is cut short");
  }
  const { byteArray, byteArrayParser } = dataSet;
  return Uint16Array.from(
    { length: count },
    (_, index) =>
      size === 1
        ? byteArray[dataOffset + index]!
        : byteArrayParser.readUint16(byteArray, dataOffset + 2 * index),
  );
}
