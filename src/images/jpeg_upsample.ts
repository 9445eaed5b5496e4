/** Enlarges the components of JPEG images that have fewer samples than pixels. */

import { DataError } from "../errors.ts";
import { makeSamples, type Samples } from "./image.ts";

/** A component's samples. Lines may be longer than its width. */
export interface SamplePlane {
  samples: Samples;
  stride: number;
  width: number;
  height: number;
}

/**
 * Enlarges a component by whole factors, as libjpeg does by default: by 2 in a direction with weights 3 : 1 of the
 * nearest samples, by other factors by repetition.
 *
 * @returns samples [height, width] of the image
 * @throws {DataError} if a factor is not whole
 */
export function upsample(
  plane: SamplePlane,
  across: number,
  down: number,
  width: number,
  height: number,
): Samples {
  if (!Number.isInteger(across) || !Number.isInteger(down)) {
    throw new DataError(
      `its components differ by a factor of ${across}×${down} in size, which is not supported`,
    );
  }
  const { samples, stride } = plane;
  const largest = samples instanceof Uint8Array ? 255 : 65535;
  const result = makeSamples(width * height, largest);
  const isWide = across === 2 && plane.width > 2;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / down);
    const isSmooth = down === 2 && (across === 1 || (isWide && across === 2));
    const other = isSmooth ? Math.min(plane.height - 1, Math.max(0, row + (y % 2 === 0 ? -1 : 1))) : row;
    const target = result.subarray(y * width, (y + 1) * width);
    const near = samples.subarray(row * stride, row * stride + plane.width);
    const far = samples.subarray(other * stride, other * stride + plane.width);
    if (isWide && isSmooth) enlargeBoth(near, far, target);
    else if (isWide && down === 1) enlargeAcross(near, target);
    else if (isSmooth) {
      for (let x = 0; x < width; x++) target[x] = 3 * near[x]! + far[x]! + 1 + y % 2 >> 2;
    } else {
      for (let x = 0; x < width; x++) target[x] = near[Math.floor(x / across)]!;
    }
  }
  return result;
}

/** A line of twice the width: each sample weighs 3, its neighbour 1. */
function enlargeAcross(line: Samples, target: Samples): void {
  const last = line.length - 1;
  for (let x = 0; x < target.length; x++) {
    const i = x >> 1;
    if (x % 2 === 0) target[x] = i === 0 ? line[0]! : 3 * line[i]! + line[i - 1]! + 1 >> 2;
    else target[x] = i === last ? line[last]! : 3 * line[i]! + line[i + 1]! + 2 >> 2;
  }
}

/** A line of twice the width from the nearest line and the next one: weights 9 : 3 : 3 : 1. */
function enlargeBoth(near: Samples, far: Samples, target: Samples): void {
  const last = near.length - 1;
  const sum = (i: number) => 3 * near[i]! + far[i]!;
  for (let x = 0; x < target.length; x++) {
    const i = x >> 1;
    const isLeft = x % 2 === 0;
    const neighbour = isLeft ? i - 1 : i + 1;
    const bias = isLeft ? 8 : 7;
    target[x] = neighbour < 0 || neighbour > last
      ? 4 * sum(i) + bias >> 4
      : 3 * sum(i) + sum(neighbour) + bias >> 4;
  }
}
