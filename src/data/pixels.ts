import { DataError } from "../errors.ts";
import type { Row } from "./hdf5_dataset.ts";
import { normalisationFor } from "./normalisation.ts";

/** For each channel: integer pixel · scale + shift is the normalised pixel. */
export interface PixelNormalisation {
  scale: number[];
  shift: number[];
}

/** How integer pixels of type `dtype` become normalised ones; undefined for floats, which already are. */
export function integerNormalisation(dtype: string, channels: number): PixelNormalisation | undefined {
  const largest = dtype === "uint8" ? 255 : dtype === "uint16" ? 65535 : undefined;
  const numbers = normalisationFor(channels);
  if (!largest || !numbers) return undefined;
  const { mean, deviation } = numbers;
  return {
    scale: deviation.map((value) => 1 / (largest * value)),
    shift: mean.map((value, channel) => -value / deviation[channel]!),
  };
}

/** Writes integers to an image [C, H, W]; a single channel is repeated, each copy normalised by its own numbers. */
export function writeIntegers(row: Row, image: Float32Array, plane: number, by: PixelNormalisation): void {
  const pixels = row as Uint8Array | Uint16Array;
  const isGray = pixels.length === plane;
  for (let channel = 0; channel < by.scale.length; channel++) {
    const source = isGray ? 0 : channel * plane;
    const scale = by.scale[channel]!;
    const shift = by.shift[channel]!;
    for (let pixel = 0; pixel < plane; pixel++) {
      image[channel * plane + pixel] = pixels[source + pixel]! * scale + shift;
    }
  }
}

/** Copies floats to an image [C, H, W]; a single channel is repeated. */
export function writeFloats(row: Row, image: Float32Array): void {
  image.set(row as Float16Array | Float32Array | Float64Array);
  for (let end = row.length; end < image.length; end += row.length) image.copyWithin(end, 0, row.length);
}

/** @throws DataError, which begins with `where()` and calls the number a `kind`, if one is NaN or infinite */
export function requireFinite(values: Float32Array, kind: "value" | "label", where: () => string): void {
  let sum = 0;
  // NaN and Infinity times zero are NaN, anything else is zero: one test for the whole image.
  for (let index = 0; index < values.length; index++) sum += values[index]! * 0;
  if (sum === 0) return;
  const bad = values.findIndex((value) => !Number.isFinite(value));
  throw new DataError(`${where()} has ${values[bad]} as ${kind} ${bad}, expected finite numbers`);
}
