/** Reads the lookup tables of DICOM files. */

import dicomParser, { type DataSet } from "dicom-parser";
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

/** The description of a table. */
export interface Descriptor {
  /** Number of entries. */
  count: number;
  /** The integer of the first entry. */
  first: number;
  /** Bits of an entry. */
  bits: number;
}

/**
 * Reads a table's descriptor.
 *
 * @param signed whether the integer of the first entry may be negative
 * @throws {DataError} if it is missing or damaged
 */
export function readDescriptor(dataSet: DataSet, descriptor: string, signed: boolean): Descriptor {
  const count = dataSet.uint16(descriptor, 0);
  const first = signed ? dataSet.int16(descriptor, 1) : dataSet.uint16(descriptor, 1);
  const bits = dataSet.uint16(descriptor, 2);
  if (count === undefined || first === undefined || bits === undefined || bits < 8 || bits > 16) {
    throw new DataError("it is damaged: a lookup table is missing or not valid");
  }
  return { count: count || 65536, first, bits };
}

/**
 * Reads a table.
 *
 * @param signed whether the integer of the first entry may be negative
 * @throws {DataError} if the table is missing, damaged or cut short
 */
export function readTable(dataSet: DataSet, descriptor: string, data: string, signed: boolean): LookupTable {
  const described = readDescriptor(dataSet, descriptor, signed);
  const element = dataSet.elements[data];
  if (!element) throw new DataError("it is damaged: a lookup table is missing or not valid");
  return tableOf(readEntries(dataSet, element, described.count, described.bits), described);
}

/** The table with these entries. */
export function tableOf(entries: Uint16Array, { first, bits }: Descriptor): LookupTable {
  return {
    largest: 2 ** bits - 1,
    at: (value) => entries[Math.min(entries.length - 1, Math.max(0, value - first))]!,
  };
}

/**
 * Reads the entries of a table.
 *
 * @throws {DataError} if it is cut short
 */
export function readEntries(
  dataSet: DataSet,
  { dataOffset, length, vr }: { dataOffset: number; length: number; vr?: string },
  count: number,
  bits: number,
): Uint16Array {
  // Entries of 8 bits may occupy a byte or a 16-bit word each.
  const size = bits === 8 && length < 2 * count ? 1 : 2;
  if (length < count * size || dataOffset + length > dataSet.byteArray.length) {
    throw new DataError("it is damaged: a lookup table is cut short");
  }
  const { byteArray, byteArrayParser } = dataSet;
  // Two bytes in a word of 16 bits change places in big endian.
  const isBigEndian = byteArrayParser === dicomParser.bigEndianByteArrayParser;
  const swap = isBigEndian && vr !== "OB" && vr !== "UN" ? 1 : 0;
  return Uint16Array.from(
    { length: count },
    (_, index) =>
      size === 1
        ? byteArray[dataOffset + (index ^ swap)]!
        : byteArrayParser.readUint16(byteArray, dataOffset + 2 * index),
  );
}
