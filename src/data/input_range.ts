/** How a file's stored values become pixels from 0 (black) to 1 (white), before they are normalised. */

import { DataError, UsageError } from "../errors.ts";
import type { Hdf5Dataset } from "./hdf5_dataset.ts";
import { normalisationFor } from "./normalisation.ts";

/** The stored values of black and white. */
export interface PixelRange {
  black: number;
  white: number;
}

/** Means and deviations with which a file's values were normalised, one for each channel or one for all. */
export interface OtherNormalisation {
  mean: readonly number[];
  deviation: readonly number[];
}

/** How stored values are scaled, and the note about it that the user sees. */
export interface InputScale {
  /** Undefined if the values are normalised already and read unchanged. */
  by?: PixelRange | OtherNormalisation;
  /** Whether the values were only found by a sample, so that every image must be checked. */
  isGuess?: boolean;
  note?: string;
}

/** A dataset of images and what the file says about it. */
export interface StoredImages {
  path: string;
  /** The dataset's name. */
  name: string;
  dataset: Hdf5Dataset;
  channels: number;
  attributes: Record<string, unknown>;
}

/**
 * Reads a value of `--input_range`: `auto`, `normalized` or `BLACK..WHITE`.
 *
 * @throws {UsageError} if it is none of these
 */
export function parseInputRange(text: string): "auto" | "normalized" | PixelRange {
  if (text === "auto" || text === "normalized") return text;
  const parts = text.split("..");
  const [black, white] = parts.map((part) => part.trim() === "" ? NaN : Number(part));
  if (parts.length === 2 && Number.isFinite(black) && Number.isFinite(white) && black !== white) {
    return { black: black!, white: white! };
  }
  throw new UsageError(
    `--input_range ${
      text || '""'
    }: expected auto, normalized, or the values of black and white, such as 0..1`,
  );
}

/**
 * Decides how stored values are scaled: by the option, by the file's attributes, by the type of integers, or by a
 * sample.
 *
 * @throws {DataError} if the range of integers, or of floats that are neither normalised nor usual pixels, is not known
 * @throws {UsageError} if `option` is not valid
 */
export function chooseScale(stored: StoredImages, option = "auto"): InputScale {
  const { path, name, dataset } = stored;
  const isFloat = dataset.elementType.startsWith("float");
  const wanted = parseInputRange(option);
  if (wanted === "normalized" && !isFloat) {
    throw new DataError(
      `${path}: "${name}" holds ${dataset.elementType}; --input_range normalized: expected floats, or BLACK..WHITE`,
    );
  }
  if (wanted === "normalized") return {};
  if (wanted !== "auto") return { by: wanted };
  const range = rangeIn(stored.attributes, isFloat);
  if (range) return { by: range };
  return isFloat ? scaleOfFloats(stored) : scaleOfIntegers(stored);
}

/** The range in an attribute: `input_range`, `IMAGE_MINMAXRANGE` of HDF5's images, or netCDF's `valid_range`. */
function rangeIn(attributes: Record<string, unknown>, isFloat: boolean): PixelRange | undefined {
  const names = ["input_range", "IMAGE_MINMAXRANGE", ...(isFloat ? [] : ["valid_range"])];
  for (const name of names) {
    const [black, white, ...more] = numbersIn(attributes[name]) ?? [];
    const isRange = Number.isFinite(black) && Number.isFinite(white) && black !== white;
    if (isRange && more.length === 0) return { black: black!, white: white! };
  }
  return undefined;
}

function numbersIn(value: unknown): number[] | undefined {
  const list = Array.isArray(value) ? value.flat() : [value];
  return list.every((each) => typeof each === "number") ? list as number[] : undefined;
}

const largestOf: Record<string, number> = { uint8: 255, uint16: 65535 };

function scaleOfIntegers(stored: StoredImages): InputScale {
  const { path, name, dataset: { elementType } } = stored;
  const white = largestOf[elementType];
  if (!white) {
    throw new DataError(
      `${path}: "${name}" holds ${elementType}, expected float16, float32, float64, uint8, uint16, ` +
        "or --input_range with the values of black and white, such as -1024..3071",
    );
  }
  const by = { black: 0, white };
  if (stored.attributes.pixels !== undefined) return { by };
  const { largest, images } = extremes(stored);
  const bits = Math.max(1, Math.ceil(Math.log2(largest + 1)));
  if (largest <= 0 || bits > (elementType === "uint8" ? 1 : 15)) return { by };
  const note = `${path}: the largest value in ${images} is ${largest} of ${white}, as in pixels of ${bits} ` +
    `${bits === 1 ? "bit" : "bits"}, and ${white} is white; if ${2 ** bits - 1} is white, use ` +
    `--input_range 0..${2 ** bits - 1}`;
  return { by, note };
}

/** The largest value of an image that is normalised with ImageNet's numbers is 2.64, the smallest −2.12. */
const normalised = { least: -2.2, largest: 2.75 };
/** Values beyond this are in no image that was normalised in any usual way. */
const beyondNormalised = 100;

function scaleOfFloats(stored: StoredImages): InputScale {
  const { path, name, channels, attributes } = stored;
  const usual = normalisationFor(channels);
  // Latents have other numbers of channels.
  if (!usual) return {};
  const mean = numbersIn(attributes.mean);
  const deviation = numbersIn(attributes.std);
  if (mean && deviation && [1, channels].includes(mean.length) && mean.length === deviation.length) {
    return scaleOfNormalised(stored, { mean, deviation });
  }
  if (attributes.mean !== undefined || attributes.normalisation !== undefined) return {};
  const { least, largest, images } = extremes(stored);
  const found = `${path}: the values of "${name}" are from ${shown(least)} to ${shown(largest)} in ${images}`;
  const asTheyAre = "--input_range normalized reads them as they are";
  if (least >= 0 && largest <= 1 && least < largest) {
    const note = `${found}, so they are taken as pixels from 0 to 1 and normalised; ${asTheyAre}`;
    return { by: { black: 0, white: 1 }, isGuess: true, note };
  }
  if (least >= 0 && largest > beyondNormalised && largest <= 255) {
    const note = `${found}, so they are taken as pixels from 0 to 255 and normalised; ${asTheyAre}`;
    return { by: { black: 0, white: 255 }, isGuess: true, note };
  }
  if (Math.max(-least, largest) > beyondNormalised) {
    throw new DataError(
      `${found}, expected normalised values, 0 to 1 or 0 to 255; use --input_range with the values of black and white`,
    );
  }
  const isCentred = least < 0 && least >= -1 && largest <= 1;
  if (!isCentred && least >= normalised.least && largest <= normalised.largest) return {};
  const range = isCentred ? "-1..1" : "BLACK..WHITE";
  return {
    note:
      `${found}, which is unusual for normalised values; they are read as they are. If they are not normalised, ` +
      `use --input_range ${range}`,
  };
}

function scaleOfNormalised({ path, channels }: StoredImages, own: OtherNormalisation): InputScale {
  const usual = normalisationFor(channels)!;
  const isClose = (values: readonly number[], others: readonly number[]) =>
    others.every((other, index) => Math.abs(other - values[index % values.length]!) < 1e-4);
  if (isClose(own.mean, usual.mean) && isClose(own.deviation, usual.deviation)) return {};
  const numbers = `mean ${own.mean.join(", ")} and deviation ${own.deviation.join(", ")}`;
  return {
    by: own,
    note:
      `${path}: its values were normalised with ${numbers}; they are normalised again with ImageNet's numbers`,
  };
}

const sampledImages = 16;
const sampledBytes = 64 * 2 ** 20;

/** The smallest and the largest value in a sample of images that are spread over the file. */
function extremes({ dataset }: StoredImages): { least: number; largest: number; images: string } {
  const [count, ...image] = dataset.shape as [number, ...number[]];
  const bytes = 8 * image.reduce((product, size) => product * size, 1);
  const sampled = Math.max(1, Math.min(count, sampledImages, Math.floor(sampledBytes / bytes)));
  const indices = Uint32Array.from(
    { length: sampled },
    (_, place) => sampled === 1 ? 0 : Math.floor(place * (count - 1) / (sampled - 1)),
  );
  let [least, largest] = [Infinity, -Infinity];
  dataset.readRows(indices, (row) => {
    for (let index = 0; index < row.length; index++) {
      const value = Number(row[index]);
      // What is no finite float32 is reported when the image is read.
      if (!(Math.abs(value) < 2 ** 128)) continue;
      if (value < least) least = value;
      if (value > largest) largest = value;
    }
  });
  const images = sampled === count
    ? count === 1 ? "the image" : `all ${count} images`
    : `a sample of ${sampled} images`;
  return { least, largest, images };
}

function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
