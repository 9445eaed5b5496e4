import type { DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";

/** A table of values, as for a modality, values of interest or a palette's colour (PS3.3, C.11.1.1.1). */
export interface ValueTable {
  /** The largest value that its entries' bits can hold. */
  most: number;
  /** The entry of a whole number; numbers off the ends get the first and the last one. */
  at(value: number): number;
}

/** Whether there is a table's description and its data. */
export function hasTable(dataSet: DataSet, descriptor: string, data: string): boolean {
  return dataSet.elements[descriptor] !== undefined && dataSet.elements[data] !== undefined;
}

/**
 * Reads a table: its description is how many entries it has, the number that the first one is for, and the bits
 * of an entry.
 *
 * @param signed whether that first number may be negative
 * @throws DataError where the table is missing or cut short
 */
export function readTable(dataSet: DataSet, descriptor: string, data: string, signed: boolean): ValueTable {
  const count = dataSet.uint16(descriptor, 0);
  const first = signed ? dataSet.int16(descriptor, 1) : dataSet.uint16(descriptor, 1);
  const bits = dataSet.uint16(descriptor, 2);
  const element = dataSet.elements[data];
  if (count === undefined || first === undefined || bits === undefined || !element || bits < 8 || bits > 16) {
    throw new DataError("it is damaged: a table of its values is missing or makes no sense");
  }
  const entries = readEntries(dataSet, element, count || 65536, bits);
  return {
    most: 2 ** bits - 1,
    at: (value) => entries[Math.min(entries.length - 1, Math.max(0, value - first))]!,
  };
}

function readEntries(
  dataSet: DataSet,
  { dataOffset, length }: { dataOffset: number; length: number },
  count: number,
  bits: number,
): Uint16Array {
  // Entries of 8 bits may be two in a word, or have a word each.
  const size = bits === 8 && length < 2 * count ? 1 : 2;
  if (length < count * size || dataOffset + length > dataSet.byteArray.length) {
    throw new DataError("it ends within a table of its values");
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
