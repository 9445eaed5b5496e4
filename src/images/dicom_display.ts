/** Maps stored DICOM samples to the gray levels or colours that a viewer shows. */

import type { DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";
import type { PixelFormat } from "./dicom_format.ts";
import { hasTable, type LookupTable, readTable } from "./dicom_table.ts";
import { type DecodedImage, makeSamples, type Samples } from "./image.ts";

/** The shown level for each pattern of stored bits, taken as an unsigned number. */
type DisplayTable = Samples;

/**
 * Maps stored samples to shown levels (PS3.3 C.11.1, C.11.2; PS3.4 N.2). The level depends only on a sample's bits, at
 * most 16, so it is computed once for each value and then looked up.
 */
export function displayFrames(dataSet: DataSet, format: PixelFormat, frames: Samples[]): DecodedImage[] {
  const channels = format.samples === 3 || format.photometric === "PALETTE COLOR" ? 3 : 1;
  const tables = format.photometric === "PALETTE COLOR"
    ? paletteTables(dataSet, format)
    : [format.samples === 3 ? colourTable(format) : grayTable(dataSet, format, frames)];
  const largest = tables[0] instanceof Uint16Array ? 65535 : 255;
  const shift = format.highBit + 1 - format.bitsStored;
  const mask = 2 ** format.bitsStored - 1;
  return frames.map((stored, frame) => {
    const pixels = makeSamples(stored.length * tables.length, largest);
    for (let i = 0, to = 0; i < stored.length; i++) {
      const bits = stored[i]! >> shift & mask;
      for (const table of tables) pixels[to++] = table[bits]!;
    }
    return { width: format.columns, height: format.rows, channels, largest, pixels, frame };
  });
}

function largestOf(bits: number): 255 | 65535 {
  return bits > 8 ? 65535 : 255;
}

function colourTable({ bitsStored }: PixelFormat): DisplayTable {
  const largest = largestOf(bitsStored);
  const white = 2 ** bitsStored - 1;
  return makeSamples(white + 1, largest).map((_, bits) => Math.round(bits / white * largest)) as DisplayTable;
}

function grayTable(dataSet: DataSet, format: PixelFormat, frames: Samples[]): DisplayTable {
  const largest = largestOf(format.bitsStored);
  const values = modalityValues(dataSet, format);
  const shade = shadeOf(dataSet, format, values, frames);
  const isInverted = format.photometric === "MONOCHROME1";
  const table = makeSamples(values.length, largest);
  for (let bits = 0; bits < values.length; bits++) {
    const level = Math.round(Math.min(1, Math.max(0, shade(values[bits]!))) * largest);
    table[bits] = isInverted ? largest - level : level;
  }
  return table;
}

/** The value of each pattern of bits, by the modality's lookup table or its slope and intercept. */
function modalityValues(dataSet: DataSet, format: PixelFormat): Float64Array {
  const count = 2 ** format.bitsStored;
  const number = (bits: number) => format.signed && bits >= count / 2 ? bits - count : bits;
  const item = firstItem(dataSet, "x00283000");
  if (item) {
    const table = readTable(item, "x00283002", "x00283006", format.signed);
    return Float64Array.from({ length: count }, (_, bits) => table.at(number(bits)));
  }
  const slope = finite(dataSet.floatString("x00281053"), 1);
  const intercept = finite(dataSet.floatString("x00281052"), 0);
  return Float64Array.from({ length: count }, (_, bits) => number(bits) * slope + intercept);
}

/** Returns the function from a value to its shade, 0 (black) to 1 (white): the first VOI table, or the first window. */
function shadeOf(
  dataSet: DataSet,
  format: PixelFormat,
  values: Float64Array,
  frames: Samples[],
): (value: number) => number {
  const item = firstItem(dataSet, "x00283010");
  if (item) {
    const hasNegative = values.some((value) => value < 0);
    const table: LookupTable = readTable(item, "x00283002", "x00283006", hasNegative);
    return (value) => table.at(Math.round(value)) / table.largest;
  }
  const center = dataSet.floatString("x00281050");
  const width = dataSet.floatString("x00281051");
  if (Number.isFinite(center) && Number.isFinite(width) && width! > 0) {
    return windowOf(center!, width!, dataSet.string("x00281056") ?? "LINEAR");
  }
  // Some files have a window of width 0; it is ignored.
  const [low, high] = rangeOf(values, format, frames);
  return (value) => high > low ? (value - low) / (high - low) : 0;
}

/** The window's function (PS3.3, C.11.2.1.2 and C.11.2.1.3). */
function windowOf(center: number, width: number, name: string): (value: number) => number {
  switch (name) {
    case "LINEAR":
      if (width < 1) {
        throw new DataError(`it is damaged: its window has the width ${width}, expected at least 1`);
      }
      return (value) => {
        if (value <= center - 0.5 - (width - 1) / 2) return 0;
        if (value > center - 0.5 + (width - 1) / 2) return 1;
        return (value - (center - 0.5)) / (width - 1) + 0.5;
      };
    case "LINEAR_EXACT":
      return (value) => (value - center) / width + 0.5;
    case "SIGMOID":
      return (value) => 1 / (1 + Math.exp(-4 * (value - center) / width));
  }
  throw new DataError(`its window has the function "${name}", expected LINEAR, LINEAR_EXACT or SIGMOID`);
}

/** The smallest and the largest value in all frames. */
function rangeOf(values: Float64Array, format: PixelFormat, frames: Samples[]): [number, number] {
  const shift = format.highBit + 1 - format.bitsStored;
  const isUsed = new Uint8Array(values.length);
  for (const frame of frames) {
    for (let i = 0; i < frame.length; i++) isUsed[frame[i]! >> shift & (values.length - 1)] = 1;
  }
  let [low, high] = [Infinity, -Infinity];
  for (let bits = 0; bits < values.length; bits++) {
    if (!isUsed[bits]) continue;
    low = Math.min(low, values[bits]!);
    high = Math.max(high, values[bits]!);
  }
  return [low, high];
}

/** Red, green and blue for each stored index (PS3.3, C.7.6.3.1.5 and C.7.6.3.1.6). */
function paletteTables(dataSet: DataSet, format: PixelFormat): DisplayTable[] {
  if (!hasTable(dataSet, "x00281101", "x00281201")) {
    throw new DataError("its palette is missing, or stored in segments, which is not supported");
  }
  const count = 2 ** format.bitsStored;
  return [1, 2, 3].map((colour) => {
    const table = readTable(dataSet, `x0028110${colour}`, `x0028120${colour}`, format.signed);
    const largest = table.largest > 255 ? 65535 : 255;
    const number = (bits: number) => format.signed && bits >= count / 2 ? bits - count : bits;
    return makeSamples(count, largest)
      .map((_, bits) => Math.round(table.at(number(bits)) / table.largest * largest)) as DisplayTable;
  });
}

function firstItem(dataSet: DataSet, tag: string): DataSet | undefined {
  return dataSet.elements[tag]?.items?.[0]?.dataSet;
}

function finite(value: number | undefined, otherwise: number): number {
  return Number.isFinite(value) ? value! : otherwise;
}
