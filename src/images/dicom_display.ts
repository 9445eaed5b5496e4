import type { DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";
import type { PixelFormat } from "./dicom_format.ts";
import { hasTable, readTable, type ValueTable } from "./dicom_table.ts";
import { type DecodedImage, makeSamples, type Samples } from "./image.ts";

/** A file's stored bits, as a number from 0, to what is to be shown. */
type DisplayTable = Samples;

/**
 * Turns stored samples into what is to be shown (PS3.3 C.11.1, C.11.2; PS3.4 N.2). All that can happen to a
 * sample depends on its bits alone, of which there are 16 at most: it is computed once for each value.
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
  const most = 2 ** bitsStored - 1;
  return makeSamples(most + 1, largest).map((_, bits) => Math.round(bits / most * largest)) as DisplayTable;
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

/** What each pattern of bits means, by the modality's table or its slope and intercept. */
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

/** What a value is shown as, from 0 (black) to 1: by the first table of values of interest, or the first window. */
function shadeOf(
  dataSet: DataSet,
  format: PixelFormat,
  values: Float64Array,
  frames: Samples[],
): (value: number) => number {
  const item = firstItem(dataSet, "x00283010");
  if (item) {
    const hasNegative = values.some((value) => value < 0);
    const table: ValueTable = readTable(item, "x00283002", "x00283006", hasNegative);
    return (value) => table.at(Math.round(value)) / table.most;
  }
  const center = dataSet.floatString("x00281050");
  const width = dataSet.floatString("x00281051");
  if (Number.isFinite(center) && Number.isFinite(width) && width! > 0) {
    return windowOf(center!, width!, dataSet.string("x00281056") ?? "LINEAR");
  }
  // Files with a window of no width are about; they are shown as if they had none.
  const [low, high] = rangeOf(values, format, frames);
  return (value) => high > low ? (value - low) / (high - low) : 0;
}

/** The window's function by its name (PS3.3, C.11.2.1.2 and C.11.2.1.3). */
function windowOf(center: number, width: number, name: string): (value: number) => number {
  switch (name) {
    case "LINEAR":
      if (width < 1) throw new DataError(`it is damaged: its window is ${width} wide`);
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
  throw new DataError(`its window's function is "${name}"; LINEAR, LINEAR_EXACT or SIGMOID is expected`);
}

/** The smallest and the largest value that any frame has. */
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

/** Tables of red, green and blue by the stored index (PS3.3, C.7.6.3.1.5 and C.7.6.3.1.6). */
function paletteTables(dataSet: DataSet, format: PixelFormat): DisplayTable[] {
  if (!hasTable(dataSet, "x00281101", "x00281201")) {
    throw new DataError("its palette is missing or stored in segments, which is not read");
  }
  const count = 2 ** format.bitsStored;
  return [1, 2, 3].map((colour) => {
    const table = readTable(dataSet, `x0028110${colour}`, `x0028120${colour}`, format.signed);
    const largest = table.most > 255 ? 65535 : 255;
    const number = (bits: number) => format.signed && bits >= count / 2 ? bits - count : bits;
    return makeSamples(count, largest)
      .map((_, bits) => Math.round(table.at(number(bits)) / table.most * largest)) as DisplayTable;
  });
}

function firstItem(dataSet: DataSet, tag: string): DataSet | undefined {
  return dataSet.elements[tag]?.items?.[0]?.dataSet;
}

function finite(value: number | undefined, otherwise: number): number {
  return Number.isFinite(value) ? value! : otherwise;
}
