/** Error maps: the differences between two pictures as colours. */

import type { Pixels } from "../metrics/pictures.ts";
import type { Picture } from "./grid.ts";

/** The colours of differences, from none to the largest: five colours of the colour map inferno. */
const colors: readonly (readonly [red: number, green: number, blue: number])[] = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
];
const largestFactor = 64;
/** The share of all differences that must not be clipped to the brightest colour. */
const shareShown = 0.995;

/** A picture and its reconstruction, of the same shape. */
export interface PicturePair {
  original: Pixels;
  reconstruction: Pixels;
}

/** Converts pixels [C, H, W] to a picture [H, W, C]. */
export function pictureOf({ data, channels, height, width }: Pixels): Picture {
  const plane = height * width;
  const interleaved = new Uint8Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let index = 0; index < plane; index++) {
      interleaved[index * channels + channel] = data[channel * plane + index]!;
    }
  }
  return { width, height, channels, data: interleaved };
}

/**
 * The factor by which differences should be multiplied to be visible: the largest power of two, at most 64, that leaves
 * 99.5 % of the differences in all these pictures within 255 levels.
 */
export function differenceFactor(pairs: readonly PicturePair[]): number {
  const counts = new Float64Array(256);
  for (const pair of pairs) for (const difference of differences(pair)) counts[Math.round(difference)]!++;
  const total = counts.reduce((sum, count) => sum + count, 0);
  let level = 0;
  for (let below = counts[0]!; below < shareShown * total; below += counts[level]!) level++;
  let factor = largestFactor;
  while (factor > 1 && factor * level > 255) factor /= 2;
  return factor;
}

/** The absolute difference of each pixel, averaged over the channels and multiplied by `factor`, as a colour. */
export function errorMap(pair: PicturePair, factor: number): Picture {
  const { height, width } = pair.original;
  const data = new Uint8Array(3 * height * width);
  differences(pair).forEach((difference, index) =>
    data.set(errorColor(factor * difference / 255), 3 * index)
  );
  return { width, height, channels: 3, data };
}

function differences({ original, reconstruction }: PicturePair): Float32Array {
  const { channels, height, width } = original;
  const plane = height * width;
  const result = new Float32Array(plane);
  for (let index = 0; index < original.data.length; index++) {
    result[index % plane]! += Math.abs(original.data[index]! - reconstruction.data[index]!) / channels;
  }
  return result;
}

/** The colour of a value from 0 (no difference) to 1 (the largest difference). Other values are clamped. */
export function errorColor(share: number): [red: number, green: number, blue: number] {
  const position = Math.min(1, Math.max(0, share)) * (colors.length - 1);
  const lower = Math.min(Math.floor(position), colors.length - 2);
  const mix = (channel: 0 | 1 | 2) => {
    const [from, to] = [colors[lower]![channel], colors[lower + 1]![channel]];
    return Math.round(from + (to - from) * (position - lower));
  };
  return [mix(0), mix(1), mix(2)];
}

/** The colours of a legend's gradient, evenly spaced, starting with that of no difference. */
export const legendColors: readonly string[] = colors.map((color) => `rgb(${color.join(",")})`);

/** The labels of a legend: positions as shares of its length, and the differences there, in levels from 0 to 255. */
export function legendMarks(factor: number): { share: number; text: string }[] {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const level = 255 * share / factor;
    const text = Number.isInteger(level) ? `${level}` : level.toFixed(level < 10 ? 1 : 0);
    return { share, text: share === 1 && factor > 1 ? `${text} or more` : text };
  });
}
