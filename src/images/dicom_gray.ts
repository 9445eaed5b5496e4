/** Maps the stored samples of gray DICOM images to gray levels. */

import type { DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";
import type { PixelFormat, StoredFrame } from "./dicom_format.ts";
import { type Modality, modalityOf } from "./dicom_modality.ts";
import { isPaddingOf, rangeFinder } from "./dicom_range.ts";
import { numberOf, patternOf, type Reading } from "./dicom_reading.ts";
import { readTable } from "./dicom_table.ts";
import { decimal, levelsOf, sequence, type Warn } from "./dicom_values.ts";
import { type DecodedImage, makeSamples, type Samples } from "./image.ts";
import { exactShade, linearShade, namedWindows, sigmoidShade, type WindowChoice } from "./window.ts";

/** How a file is shown. */
export interface DisplayOptions {
  /** Optional window of gray images; default: the file's own. */
  window?: WindowChoice;
  warn: Warn;
}

/** How a frame's values are shown. */
interface Shade {
  /** Equal for frames that are shown alike. */
  key: string;
  /** From a value to 0 (black) … 1 (white); values beyond count as the nearest. */
  of(value: number): number;
  /** Whether it comes from the range of the values, in which padding has no part. */
  isRange?: boolean;
}

/** Frames' values are compared after rescaling, so that all frames of a file are shown in one relation. */
export function grayImages(
  dataSet: DataSet,
  format: PixelFormat,
  frames: StoredFrame[],
  reading: Reading,
  options: DisplayOptions,
): DecodedImage[] {
  const largest = reading.bits > 8 ? 65535 : 255;
  const modalities = frames.map((_, frame) => modalityOf(dataSet, frame, reading, options.warn));
  const isPadding = isPaddingOf(dataSet, reading);
  const findRange = rangeFinder(dataSet, frames, modalities, reading, isPadding);
  const isInverted = format.photometric === "MONOCHROME1";
  let last: { key: string; levels: (samples: StoredFrame["samples"]) => Samples } | undefined;
  return frames.map(({ samples }, frame) => {
    const modality = modalities[frame]!;
    const shade = chosenShade(dataSet, frame, modality, options, findRange);
    const key = `${modality.key} ${shade.key}`;
    if (last?.key !== key) {
      const level = (pattern: number) => {
        const number = numberOf(pattern, reading);
        // Padding is black, whatever black is among the values.
        if (shade.isRange && isPadding(number)) return 0;
        const value = Math.min(1, Math.max(0, shade.of(modality.value(number))));
        const gray = Math.round((value || 0) * largest);
        return isInverted ? largest - gray : gray;
      };
      last = { key, levels: mapping(level, reading, largest) };
    }
    const pixels = last.levels(samples);
    return { width: format.columns, height: format.rows, channels: 1, largest, pixels, frame };
  });
}

/** Maps samples to levels; those of up to 16 bits by a table of all their patterns. */
function mapping(level: (pattern: number) => number, reading: Reading, largest: 255 | 65535) {
  const table = reading.bits <= 16 && !reading.isFloat
    ? makeSamples(2 ** reading.bits, largest).map((_, pattern) => level(pattern))
    : undefined;
  const mask = 2 ** reading.bits - 1;
  return (samples: StoredFrame["samples"]): Samples => {
    const pixels = makeSamples(samples.length, largest);
    for (let i = 0; i < samples.length; i++) {
      pixels[i] = table
        ? table[samples[i]! >>> reading.shift & mask]!
        : level(patternOf(samples[i]!, reading));
    }
    return pixels;
  };
}

function chosenShade(
  dataSet: DataSet,
  frame: number,
  modality: Modality,
  { window, warn }: DisplayOptions,
  findRange: (isAuto: boolean) => [number, number],
): Shade {
  if (window === undefined) return ownShade(dataSet, frame, modality, warn) ?? rangeShade(findRange(false));
  if (window === "auto") return rangeShade(findRange(true));
  if (typeof window === "object") return { key: JSON.stringify(window), of: linearShade(window) };
  const kind = dataSet.string("x00080060") ?? "";
  if (kind !== "CT") {
    throw new DataError(
      `its modality is "${kind}"; the window ${window} is for CT, expected CENTER/WIDTH or auto`,
    );
  }
  return { key: window, of: linearShade(namedWindows[window]) };
}

function rangeShade([low, high]: [number, number]): Shade {
  return {
    key: `${low} … ${high}`,
    of: (value) => high > low ? (value - low) / (high - low) : value > low ? 1 : 0,
    isRange: true,
  };
}

/** The frame's first VOI table or, if there is none, its first window; undefined if it has neither. */
function ownShade(dataSet: DataSet, frame: number, modality: Modality, warn: Warn): Shade | undefined {
  const FRAME_VOI = "x00289132";
  for (const level of levelsOf(dataSet, frame, FRAME_VOI)) {
    const item = sequence(level, "x00283010")[0];
    if (item) {
      const table = readTable(item, "x00283002", "x00283006", modality.hasNegative);
      const { dataOffset } = item.elements["x00283006"]!;
      return { key: `table ${dataOffset}`, of: (value) => table.at(Math.round(value)) / table.largest };
    }
    const shade = windowShade(level, warn);
    if (shade) return shade;
  }
  return undefined;
}

/** The window of a data set (PS3.3, C.11.2.1.2 and C.11.2.1.3). One whose width the standard forbids is ignored. */
function windowShade(level: DataSet, warn: Warn): Shade | undefined {
  const center = decimal(level, "x00281050", warn);
  const width = decimal(level, "x00281051", warn);
  if (center === undefined || width === undefined) return undefined;
  const name = level.string("x00281056")?.toUpperCase() || "LINEAR";
  const shades: Record<string, typeof exactShade> = {
    LINEAR: linearShade,
    LINEAR_EXACT: exactShade,
    SIGMOID: sigmoidShade,
  };
  if (!shades[name]) {
    throw new DataError(`its window has the function "${name}", expected LINEAR, LINEAR_EXACT or SIGMOID`);
  }
  if (!(name === "LINEAR" ? width >= 1 : width > 0)) {
    warn(
      `its window has the width ${width}, expected ${
        name === "LINEAR" ? "at least 1" : "more than 0"
      }; it is ignored`,
    );
    return undefined;
  }
  return { key: `${name} ${center} ${width}`, of: shades[name]({ center, width }) };
}
