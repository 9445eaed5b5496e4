/** Reads the headers of NIfTI and Analyze files. */

import { DataError } from "../errors.ts";
import { readTurn, type Turn } from "./nifti_orientation.ts";
import { type ValueType, valueTypes } from "./nifti_values.ts";

/** The fields of a NIfTI header that decoding needs (nifti1.h, nifti2.h). */
export interface NiftiHeader {
  /** Length of each axis, at least three axes. */
  size: number[];
  /** Values per voxel: 1, 3 for colours, 4 for colours with transparency. */
  components: 1 | 3 | 4;
  /** Bytes per value. */
  bytes: number;
  type: ValueType;
  /** Whether the values are in a separate .img file. */
  isPair: boolean;
  littleEndian: boolean;
  /** Position of the values in the file, in bytes. */
  offset: number;
  /** The value of a stored v is slope · v + intercept. */
  slope: number;
  intercept: number;
  /** How the axes lie in the patient; undefined if the header does not say. */
  turn?: Turn;
  /** The values that are shown as black and as white, if the header states them. */
  display?: [number, number];
}

/** Limit of `offset`, which a small compressed file could use to claim any amount of data. */
const MAX_OFFSET = 2 ** 24;

/** Positions of the fields in the two versions of the header, by their length. */
const versions = {
  348: {
    length: 348,
    magic: 344,
    dimension: 40,
    step: 2,
    type: 70,
    offset: 108,
    slope: 112,
    display: 124,
    spacing: 76,
    codes: 252,
    quaternion: 256,
    rows: 280,
  },
  540: {
    length: 540,
    magic: 4,
    dimension: 16,
    step: 8,
    type: 12,
    offset: 168,
    slope: 176,
    display: 192,
    spacing: 104,
    codes: 344,
    quaternion: 352,
    rows: 400,
  },
};

/**
 * Reads the header of a NIfTI-1, NIfTI-2 or Analyze 7.5 file, of either byte order.
 *
 * @throws {DataError} if it is damaged or not such a header, or its values are not gray or colours
 */
export function readNiftiHeader(bytes: Uint8Array): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes.length >= 4 && view.getInt32(0, true) < 65536;
  const version = versions[(bytes.length >= 4 ? view.getInt32(0, little) : 0) as keyof typeof versions];
  if (!version || bytes.length < version.length) throw new DataError("it is not a NIfTI volume");
  const magic = String.fromCharCode(...bytes.subarray(version.magic, version.magic + 2));
  const isSecond = version.length === 540;
  if (isSecond && magic !== "n+" && magic !== "ni") throw new DataError("it is not a NIfTI volume");
  const number = (at: number) => isSecond ? view.getFloat64(at, little) : view.getFloat32(at, little);
  const kind = valueTypes[view.getInt16(version.type, little)];
  if (!kind) {
    throw new DataError(
      `its values have NIfTI type ${view.getInt16(version.type, little)}, which is not supported`,
    );
  }
  const isPair = magic !== "n+";
  const offset = isSecond ? Number(view.getBigInt64(version.offset, little)) : number(version.offset);
  if (!(Number.isInteger(offset) && offset >= (isPair ? 0 : version.length) && offset <= MAX_OFFSET)) {
    throw new DataError(`its header is damaged: its values start at byte ${offset}`);
  }
  const width = isSecond ? 8 : 4;
  const slope = number(version.slope);
  const [high, low] = [number(version.display), number(version.display + width)];
  const isScaled = Number.isFinite(slope) && slope !== 0;
  const size = readSize(view, version, little);
  return {
    size,
    components: kind.components ?? 1,
    bytes: kind.bytes,
    type: kind.type,
    isPair,
    littleEndian: little,
    offset,
    slope: isScaled ? slope : 1,
    intercept: isScaled ? finite(number(version.slope + width)) : 0,
    turn: magic === "n+" || magic === "ni" ? readTurn(view, version, little) : undefined,
    display: Number.isFinite(low) && Number.isFinite(high) && high > low ? [low, high] : undefined,
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function readSize(
  view: DataView,
  version: (typeof versions)[keyof typeof versions],
  little: boolean,
): number[] {
  const { dimension, step } = version;
  const at = (index: number) =>
    step === 2
      ? view.getInt16(dimension + step * index, little)
      : Number(view.getBigInt64(dimension + step * index, little));
  const count = at(0);
  const size = Array.from({ length: Math.min(7, Math.max(0, count)) }, (_, index) => at(index + 1));
  if (count < 1 || count > 7 || size.some((length) => length < 1)) {
    throw new DataError(`its header is damaged: its size is ${size.join("×") || "missing"}`);
  }
  while (size.length < 3) size.push(1);
  return size;
}
