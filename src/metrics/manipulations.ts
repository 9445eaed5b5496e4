/**
 * Changes to pictures that show how a codec copes with what it was not trained on: noise, a missing block, a swirl. Their standard strengths
 * were fitted to the original repository's published figure, which names the three but gives no numbers.
 */

import { normalArray } from "../random.ts";
import type { Pixels } from "./pictures.ts";
import type { Sides } from "./ssim.ts";

export const manipulationNames = ["noise", "block", "swirl"] as const;
export type ManipulationName = typeof manipulationNames[number];

/** A change and how strong it is: 1 is the original figure's strength. */
export interface Manipulation {
  name: ManipulationName;
  strength: number;
}

/** The noise's standard deviation in 0 … 1: a variance of 0.1. */
export const noiseDeviation = Math.sqrt(0.1);
/** The block's first row and column, and its side, as shares of the picture's. */
export const blockStart = 300 / 512;
export const blockSide = 150 / 512;
/** The swirl's turn at its middle in radians, and its radius as a share of the shorter side. */
export const swirlStrength = 10;
export const swirlRadius = 150 / 512;

/**
 * A changed copy of a picture. Noise is Gaussian, the same in all channels, and cut off at black and white; `key` chooses it. The block is a
 * black square, whose side grows with the strength from its upper left corner on. The swirl turns around the picture's middle.
 */
export function manipulate(picture: Pixels, { name, strength }: Manipulation, key: number): Pixels {
  const changes: Record<ManipulationName, () => (plane: Uint8ClampedArray) => Uint8ClampedArray> = {
    noise: () => {
      const noise = normalArray(key, picture.height * picture.width);
      const scale = 255 * noiseDeviation * strength;
      return (plane) => plane.map((value, index) => value + scale * noise[index]!);
    },
    block: () => (plane) => block(plane, picture, strength),
    swirl: () => (plane) =>
      Uint8ClampedArray.from(swirl(plane, picture, {
        strength: swirlStrength * strength,
        radius: swirlRadius * Math.min(picture.height, picture.width),
      })),
  };
  const change = changes[name]();
  const data = new Uint8ClampedArray(picture.data.length);
  const length = picture.height * picture.width;
  for (let start = 0; start < data.length; start += length) {
    data.set(change(picture.data.subarray(start, start + length)), start);
  }
  return { ...picture, data };
}

/** Blackens a square; what would lie beyond the picture is cut off. */
function block(plane: Uint8ClampedArray, { height, width }: Sides, strength: number): Uint8ClampedArray {
  const result = plane.slice();
  const span = (extent: number) =>
    [blockStart, blockStart + blockSide * strength].map((share) =>
      Math.min(extent, Math.round(share * extent))
    );
  const [[top, bottom], [left, right]] = [span(height), span(width)];
  for (let y = top!; y < bottom!; y++) result.fill(0, y * width + left!, y * width + right!);
  return result;
}

/**
 * Turns a channel [H, W] around its middle, less and less outwards: at distance d by strength · exp(−d / r) with r = radius · ln 2 / 5, so that
 * little is left of it at the radius. Values between pixels are interpolated bilinearly. As scikit-image's `transform.swirl`,
 * where the middle is at (W/2, H/2), counted from the first pixel's centre.
 */
export function swirl(
  plane: ArrayLike<number>,
  { height, width }: Sides,
  { strength, radius }: { strength: number; radius: number },
): Float64Array {
  const decay = radius / 5 * Math.LN2;
  const [middleY, middleX] = [height / 2, width / 2];
  const result = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - middleX, y - middleY);
      const angle = strength * Math.exp(-distance / decay) + Math.atan2(y - middleY, x - middleX);
      const sourceX = clamp(middleX + distance * Math.cos(angle), width - 1);
      const sourceY = clamp(middleY + distance * Math.sin(angle), height - 1);
      result[y * width + x] = between(plane, { height, width }, sourceX, sourceY);
    }
  }
  return result;
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}

/** Bilinear interpolation at a place within the picture. */
function between(plane: ArrayLike<number>, { height, width }: Sides, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const mix = (one: number, other: number, share: number) => one + (other - one) * share;
  const upper = mix(plane[top * width + left]!, plane[top * width + right]!, x - left);
  const lower = mix(plane[bottom * width + left]!, plane[bottom * width + right]!, x - left);
  return mix(upper, lower, y - top);
}
