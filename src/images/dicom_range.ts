/** The range of values that is shown if a DICOM file has no window. */

import type { StoredFrame } from "./dicom_format.ts";
import type { DataSet } from "dicom-parser";
import type { Modality } from "./dicom_modality.ts";
import { numberOf, patternOf, type Reading } from "./dicom_reading.ts";

/** Values of computed tomography below this are outside the field of view; air has about −1000 Hounsfield units. */
const LOWEST_HOUNSFIELD = -1024;

/** Steps into which values of more than 16 bits are divided to find the middle 99 %. */
const STEPS = 65536;

/** Values and how many samples have each. */
type Counts = Map<number, number>;

/** Whether a stored number is padding: Pixel Padding Value, or the range to its limit (PS3.3, C.7.5.1.1.2). */
export function isPaddingOf(dataSet: DataSet, reading: Reading): (number: number) => boolean {
  const [value, limit] = reading.isFloat
    ? [
      dataSet.float("x00280122") ?? dataSet.double("x00280123"),
      dataSet.float("x00280124") ?? dataSet.double("x00280125"),
    ]
    : [paddingNumber(dataSet, "x00280120", reading), paddingNumber(dataSet, "x00280121", reading)];
  if (value === undefined) return () => false;
  const [low, high] = [Math.min(value, limit ?? value), Math.max(value, limit ?? value)];
  return (number) => number >= low && number <= high;
}

/** The number of a padding attribute. Its type should be that of the samples; its bits count, whatever it is. */
function paddingNumber(dataSet: DataSet, tag: string, reading: Reading): number | undefined {
  const element = dataSet.elements[tag];
  if (!element || element.length < 2) return undefined;
  const stored = element.length >= 4 && reading.bits > 16 ? dataSet.uint32(tag)! : dataSet.uint16(tag)!;
  return numberOf(stored % 2 ** reading.bits, reading);
}

/**
 * Returns the function that finds the smallest and largest value of all frames together or, if `isAuto`, the range of
 * their middle 99 %. Padding does not count, unless there is nothing else.
 */
export function rangeFinder(
  dataSet: DataSet,
  frames: StoredFrame[],
  modalities: Modality[],
  reading: Reading,
  isPadding: (number: number) => boolean,
): (isAuto: boolean) => [number, number] {
  const found = new Map<boolean, [number, number]>();
  const isTomography = dataSet.string("x00080060") === "CT";
  const counts = (isUsed: (number: number, value: number) => boolean) =>
    reading.bits <= 16 && !reading.isFloat
      ? countPatterns(frames, modalities, reading, isUsed)
      : countSteps(frames, modalities, reading, isUsed);
  const find = (isAuto: boolean): [number, number] => {
    const without = counts((number, value) =>
      !isPadding(number) && !(isTomography && value < LOWEST_HOUNSFIELD)
    );
    return rangeOf(without.size > 0 ? without : counts(() => true), isAuto);
  };
  return (isAuto) => {
    const range = found.get(isAuto) ?? find(isAuto);
    found.set(isAuto, range);
    return range;
  };
}

function countPatterns(
  frames: StoredFrame[],
  modalities: Modality[],
  reading: Reading,
  isUsed: (number: number, value: number) => boolean,
): Counts {
  const byModality = new Map<string, { modality: Modality; counts: Uint32Array }>();
  const mask = 2 ** reading.bits - 1;
  frames.forEach(({ samples }, frame) => {
    const modality = modalities[frame]!;
    const entry = byModality.get(modality.key) ?? { modality, counts: new Uint32Array(mask + 1) };
    byModality.set(modality.key, entry);
    for (let i = 0; i < samples.length; i++) entry.counts[samples[i]! >>> reading.shift & mask]!++;
  });
  const all: Counts = new Map();
  for (const { modality, counts } of byModality.values()) {
    counts.forEach((count, pattern) => {
      if (count === 0) return;
      const number = numberOf(pattern, reading);
      const value = modality.value(number);
      if (isUsed(number, value)) all.set(value, (all.get(value) ?? 0) + count);
    });
  }
  return all;
}

/** Counts in equal steps from the smallest to the largest value. */
function countSteps(
  frames: StoredFrame[],
  modalities: Modality[],
  reading: Reading,
  isUsed: (number: number, value: number) => boolean,
): Counts {
  const forEachValue = (action: (value: number) => void) =>
    frames.forEach(({ samples }, frame) => {
      for (let i = 0; i < samples.length; i++) {
        const number = numberOf(patternOf(samples[i]!, reading), reading);
        const value = modalities[frame]!.value(number);
        if (Number.isFinite(value) && isUsed(number, value)) action(value);
      }
    });
  let [low, high] = [Infinity, -Infinity];
  forEachValue((value) => {
    if (value < low) low = value;
    if (value > high) high = value;
  });
  if (!(low <= high)) return new Map();
  const steps = new Float64Array(STEPS + 1);
  forEachValue((value) => steps[high > low ? Math.round((value - low) / (high - low) * STEPS) : 0]!++);
  const all: Counts = new Map();
  steps.forEach((count, step) => {
    if (count > 0) all.set(step === STEPS ? high : low + (high - low) * step / STEPS, count);
  });
  return all;
}

function rangeOf(counts: Counts, isAuto: boolean): [number, number] {
  const sorted = [...counts].sort(([one], [other]) => one - other);
  if (sorted.length === 0) return [0, 0];
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const cut = isAuto ? 0.005 * total : 0;
  const from = (entries: [number, number][]) => {
    let passed = 0;
    return entries.find(([, count]) => (passed += count) > cut)![0];
  };
  return [from(sorted), from(sorted.toReversed())];
}
