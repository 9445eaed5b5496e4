/**
 * Manipulations of pictures that test how a codec copes with inputs unlike its training data: noise, a black block, a
 * swirl.
 *
 * The original repository's published figure names the three without numbers; their standard strengths are fitted to
 * it.
 */

import { normalArray } from "../random.ts";
import type { Pixels } from "./pictures.ts";
import type { Sides } from "./ssim.ts";

/** The names of all manipulations. */
export const manipulationNames = ["noise", "block", "swirl"] as const;
/** The name of a manipulation. */
export type ManipulationName = typeof manipulationNames[number];

/** A manipulation and its strength; 1 is the strength of the original figure. */
export interface Manipulation {
  name: ManipulationName;
  strength: number;
}

/** The standard deviation of the noise at strength 1, for pixels from 0 to 1; the variance is 0.1. */
export const noiseDeviation = Math.sqrt(0.1);
/** The first row and column of the block, as a share of the picture's sides. */
export const blockStart = 300 / 512;
/** The side of the block at strength 1, as a share of the picture's sides. */
export const blockSide = 150 / 512;
/** The rotation at the centre of the swirl at strength 1, in radians. */
export const swirlStrength = 10;
/** The radius of the swirl, as a share of the picture's shorter side. */
export const swirlRadius = 150 / 512;

/**
 * Returns a manipulated copy of a picture.
 *
 * - Noise is Gaussian, equal in all channels, and clamped to black and white.
 * - The block is a black square whose upper left corner is fixed; its side grows with the strength.
 * - The swirl rotates the picture around its centre.
 *
 * @param key selects the noise; equal keys give equal noise
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

/** Blackens a square, cropped to the picture. */
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
 * Rotates a channel [H, W] around its centre by an angle that decreases with the distance: strength · exp(−d / r) at
 * distance d, with r = radius · ln 2 / 5. Values between pixels are interpolated bilinearly. Equals scikit-image's
 * `transform.swirl`, whose centre is at (W/2, H/2), counted from the centre of the first pixel.
 *
 * @param options `strength` in radians, `radius` in pixels
 */
export function swirl(
  plane: ArrayLike<number>,
  { height, width }: Sides,
  { strength, radius }: { strength: number; radius: number },
): Float64Array {
  const decay = radius / 5 * Math.LN2;
  const [centerY, centerX] = [height / 2, width / 2];
  const result = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - centerX, y - centerY);
      const angle = strength * Math.exp(-distance / decay) + Math.atan2(y - centerY, x - centerX);
      const sourceX = clamp(centerX + distance * Math.cos(angle), width - 1);
      const sourceY = clamp(centerY + distance * Math.sin(angle), height - 1);
      result[y * width + x] = interpolate(plane, { height, width }, sourceX, sourceY);
    }
  }
  return result;
}

function clamp(value: number, maximum: number): number {
  return Math.min(maximum, Math.max(0, value));
}

/** Bilinear interpolation at a point within the picture. */
function interpolate(plane: ArrayLike<number>, { height, width }: Sides, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const mix = (one: number, other: number, share: number) => one + (other - one) * share;
  const upper = mix(plane[top * width + left]!, plane[top * width + right]!, x - left);
  const lower = mix(plane[bottom * width + left]!, plane[bottom * width + right]!, x - left);
  return mix(upper, lower, y - top);
}
