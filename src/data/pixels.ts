/** Conversion of a file's pixels to normalised float32. */

import { DataError } from "../errors.ts";
import type { Row } from "./hdf5_dataset.ts";
import type { OtherNormalisation, PixelRange } from "./input_range.ts";
import { normalisationFor } from "./normalisation.ts";

/** How stored pixels are normalised: pixel · scale + shift, with one scale and shift for each channel. */
export interface PixelNormalisation {
  scale: number[];
  shift: number[];
  /** For uint8: for each channel the 256 normalised values. */
  tables?: Float32Array[];
}

/** The normalisation of integer pixels of type `dtype`; undefined for floats, which are already normalised. */
export function integerNormalisation(dtype: string, channels: number): PixelNormalisation | undefined {
  const largest = dtype === "uint8" ? 255 : dtype === "uint16" ? 65535 : undefined;
  if (!largest) return undefined;
  return normalisationOf({ black: 0, white: largest }, channels, dtype === "uint8");
}

/**
 * The normalisation of stored values.
 *
 * @param by the values of black and white, or the numbers with which the values were normalised
 * @param isByte whether the values are uint8, which are looked up in tables
 * @returns undefined if images with this number of channels have no normalisation
 */
export function normalisationOf(
  by: PixelRange | OtherNormalisation,
  channels: number,
  isByte = false,
): PixelNormalisation | undefined {
  const numbers = normalisationFor(channels);
  if (!numbers) return undefined;
  const { mean, deviation } = numbers;
  const isRange = "black" in by;
  const own = (values: readonly number[], channel: number) => values[channel % values.length]!;
  const scale = deviation.map((value, channel) =>
    isRange ? 1 / ((by.white - by.black) * value) : own(by.deviation, channel) / value
  );
  const shift = mean.map((value, channel) => {
    const zero = isRange ? -by.black / (by.white - by.black) : own(by.mean, channel);
    return (zero - value) / deviation[channel]!;
  });
  const tableOf = (factor: number, channel: number) =>
    Float32Array.from({ length: 256 }, (_, byte) => byte * factor + shift[channel]!);
  return { scale, shift, tables: isByte ? scale.map(tableOf) : undefined };
}

/**
 * Normalises stored pixels [C, H, W] or [1, H, W] into an image [C, H, W]. A single channel is repeated, and each copy
 * is normalised with its own channel's numbers.
 *
 * @param plane pixels of a channel, H · W
 */
export function writeIntegers(row: Row, image: Float32Array, plane: number, by: PixelNormalisation): void {
  // Rows of int64 are converted one number at a time.
  const pixels = row instanceof BigInt64Array || row instanceof BigUint64Array
    ? Float64Array.from(row, Number)
    : row as PlainRow;
  const isGray = pixels.length === plane;
  for (let channel = 0; channel < by.scale.length; channel++) {
    const source = isGray ? pixels : pixels.subarray(channel * plane, (channel + 1) * plane);
    const result = image.subarray(channel * plane, (channel + 1) * plane);
    const table = by.tables?.[channel];
    if (table) lookUp(source as Uint8Array, result, table);
    else scaleAndShift(source, result, by.scale[channel]!, by.shift[channel]!);
  }
}

type PlainRow = Exclude<Row, BigInt64Array | BigUint64Array>;

/** Four pixels at a time, which takes half the time of one at a time. */
function lookUp(bytes: Uint8Array, result: Float32Array, table: Float32Array): void {
  const { length } = bytes;
  const even = length - length % 4;
  for (let index = 0; index < even; index += 4) {
    result[index] = table[bytes[index]!]!;
    result[index + 1] = table[bytes[index + 1]!]!;
    result[index + 2] = table[bytes[index + 2]!]!;
    result[index + 3] = table[bytes[index + 3]!]!;
  }
  for (let index = even; index < length; index++) result[index] = table[bytes[index]!]!;
}

function scaleAndShift(words: PlainRow, result: Float32Array, scale: number, shift: number): void {
  for (let index = 0; index < words.length; index++) result[index] = words[index]! * scale + shift;
}

/** The row of an image [H, W, C] as [C, H, W]. */
export function toPlanes(row: Row, channels: number): Row {
  const planes = row.slice();
  const plane = row.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < plane; pixel++) {
      planes[channel * plane + pixel] = row[pixel * channels + channel]!;
    }
  }
  return planes;
}

/** Copies floats [C, H, W] or [1, H, W] to an image [C, H, W]. A single channel is repeated. */
export function writeFloats(row: Row, image: Float32Array): void {
  image.set(row as Float16Array | Float32Array | Float64Array);
  for (let end = row.length; end < image.length; end += row.length) image.copyWithin(end, 0, row.length);
}

/**
 * Checks that no number is NaN or infinite.
 *
 * @param kind what the error calls a number
 * @param where returns the first words of the error
 * @throws {DataError} if a number is NaN or infinite
 */
export function requireFinite(values: Float32Array, kind: "value" | "label", where: () => string): void {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  // NaN and Infinity have the largest exponent, and adding 1 to it sets the sign bit. One comparison checks them all.
  let signs = 0;
  for (let index = 0; index < bits.length; index++) signs |= (bits[index]! & 0x7fffffff) + 0x00800000;
  if (signs >= 0) return;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  throw new DataError(`${where()} has ${values[bad]} as ${kind} ${bad}, expected finite numbers`);
}
