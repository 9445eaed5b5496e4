/** The values that a modality gives to stored numbers. */

import type { DataSet } from "dicom-parser";
import { readTable } from "./dicom_table.ts";
import { numberOf, type Reading } from "./dicom_reading.ts";
import { decimal, levelsOf, sequence, type Warn } from "./dicom_values.ts";

/** From stored numbers to the modality's values, for instance Hounsfield units (PS3.3, C.11.1). */
export interface Modality {
  /** Equal for frames with equal values. */
  key: string;
  value(number: number): number;
  /** Whether a value may be negative. */
  hasNegative: boolean;
}

const VALUE_TRANSFORMATION = "x00289145";

/**
 * The values of a frame: by the modality's lookup table, or by the slope and intercept of the frame's functional
 * groups, the shared ones, or the image.
 */
export function modalityOf(dataSet: DataSet, frame: number, reading: Reading, warn: Warn): Modality {
  const item = sequence(dataSet, "x00283000")[0];
  if (item) {
    const table = readTable(item, "x00283002", "x00283006", reading.signed);
    return { key: "table", value: (number) => table.at(number), hasNegative: false };
  }
  const levels = levelsOf(dataSet, frame, VALUE_TRANSFORMATION);
  const first = (tag: string) =>
    levels.map((level) => decimal(level, tag, warn)).find((value) => value !== undefined);
  const [slope, intercept] = [first("x00281053") ?? 1, first("x00281052") ?? 0];
  const ends = [0, 2 ** reading.bits - 1, 2 ** (reading.bits - 1)].map((pattern) =>
    numberOf(pattern, reading)
  );
  if (slope === 0) {
    warn("its rescale slope is 0, which would make all values equal; its rescaling is ignored");
    return { key: "none", value: (number) => number, hasNegative: reading.signed };
  }
  return {
    key: `${slope} ${intercept}`,
    value: (number) => number * slope + intercept,
    hasNegative: ends.some((number) => number * slope + intercept < 0),
  };
}
