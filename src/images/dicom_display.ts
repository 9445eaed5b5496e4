/** Maps stored DICOM samples to the gray levels or colours that a viewer shows. */

import type { DataSet } from "dicom-parser";
import type { PixelFormat, StoredFrame } from "./dicom_format.ts";
import { type DisplayOptions, grayImages } from "./dicom_gray.ts";
import { paletteTables } from "./dicom_palette.ts";
import { numberOf, patternOf, type Reading, readingOf } from "./dicom_reading.ts";
import { type DecodedImage, makeSamples } from "./image.ts";

/** Maps stored samples to shown levels (PS3.3 C.11.1, C.11.2, C.7.6.3.1; PS3.4 N.2). */
export function displayFrames(
  dataSet: DataSet,
  format: PixelFormat,
  frames: StoredFrame[],
  options: DisplayOptions,
): DecodedImage[] {
  const reading = readingOf(format, frames, options.warn);
  if (format.photometric === "PALETTE COLOR") return paletteImages(dataSet, format, frames, reading);
  if (format.samples === 3) return colourImages(format, frames, reading);
  return grayImages(dataSet, format, frames, reading, options);
}

function colourImages(format: PixelFormat, frames: StoredFrame[], reading: Reading): DecodedImage[] {
  const largest = reading.bits > 8 ? 65535 : 255;
  const white = 2 ** reading.bits - 1;
  const isPlain = white === largest && reading.shift === 0;
  return frames.map(({ samples }, frame) => {
    const pixels = makeSamples(samples.length, largest);
    if (isPlain) pixels.set(samples);
    else {
      for (let i = 0; i < samples.length; i++) {
        pixels[i] = Math.round(patternOf(samples[i]!, reading) / white * largest);
      }
    }
    return { width: format.columns, height: format.rows, channels: 3, largest, pixels, frame };
  });
}

function paletteImages(
  dataSet: DataSet,
  format: PixelFormat,
  frames: StoredFrame[],
  reading: Reading,
): DecodedImage[] {
  const tables = paletteTables(dataSet, reading.signed);
  const largest = tables[0]!.largest > 255 ? 65535 : 255;
  return frames.map(({ samples }, frame) => {
    const pixels = makeSamples(samples.length * 3, largest);
    for (let i = 0, to = 0; i < samples.length; i++) {
      const index = numberOf(patternOf(samples[i]!, reading), reading);
      for (const table of tables) pixels[to++] = Math.round(table.at(index) / table.largest * largest);
    }
    return { width: format.columns, height: format.rows, channels: 3, largest, pixels, frame };
  });
}
