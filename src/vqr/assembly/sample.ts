/** Codes a sample as bits whose probabilities come from contexts and from logistic distributions. */

import { mixBit, plainBit, setDistribution } from "./mixer.ts";
import { clamp } from "./numbers.ts";
import { gap, soft } from "./tables.ts";

export const DISTRIBUTIONS: i32 = 4;

/** i32[4]: the reciprocal scales of the distributions. */
export let inverse: usize = 0;
/** i32[4]: distances of the threshold before. */
let before: usize = 0;

export function sampleBytes(): usize {
  return 32;
}

export function makeSample(at: usize): void {
  inverse = at;
  before = at + 16;
}

// @ts-ignore: decorator
@inline
function distance(outward: i32, j: i32): i32 {
  const z = (i64(outward) * i64(load<i32>(inverse + j * 4))) >> 13;
  return i32(max<i64>(-8000, min<i64>(8000, z)));
}

/** Codes a sample: its side of the prediction, then how far out it is. */
export function codeSample(
  actual: i32,
  p: i32,
  mu: i32,
  k: i32,
  near: i32,
  maximum: i32,
  activity: i32,
): i32 {
  const q = 2 * near + 1;
  const residual = actual - p;
  // Steps of 2·near + 1 around the prediction; step 0 belongs to the upper side.
  const steps = residual >= -near ? (residual + near) / q : -((near - residual) / q);
  // The upper side begins half a unit below the lowest sample of step 0.
  const edge = ((p - near) << 4) - 8;
  let upper: u32 = 0;
  if (p - near - 1 >= 0) {
    for (let j = 0; j < DISTRIBUTIONS; j++) setDistribution(j, distance(mu - edge, j));
    upper = mixBit(u32(steps >= 0), 0, activity, 0);
  } else upper = 1;
  const magnitude = upper ? steps : -1 - steps;
  // How far the range goes on this side, in steps.
  const room = upper ? (maximum - p + near) / q : (p - near - 1) / q;
  const side: i32 = upper ? 32 : 0;
  const from = upper ? edge - mu : mu - edge;
  const q16 = q << 4;
  let bucket = 0, start = 0, size = 1 << k;
  for (let j = 0; j < DISTRIBUTIONS; j++) store<i32>(before + j * 4, distance(from, j));
  while (start + size <= room) {
    for (let j = 0; j < DISTRIBUTIONS; j++) {
      const z1 = load<i32>(before + j * 4);
      const z2 = distance(from + (start + size) * q16, j);
      store<i32>(before + j * 4, z2);
      // ln P(beyond z2 | beyond z1) / P(not)
      setDistribution(j, soft(-z1) - (z2 - z1) - gap(z2 - z1));
    }
    const node = 1 + min(11, bucket);
    const set = (1 + min(15, bucket)) * 48 + activity;
    const more = mixBit(u32(magnitude >= start + size), side + node, set, side + node);
    if (!more) break;
    start += size;
    if (bucket > 0) size <<= 1;
    bucket++;
  }
  // Inside the bucket, by halves.
  let half = size >> 1, depth = 0, prefix = 0;
  while (half > 0) {
    if (start + half <= room) {
      for (let j = 0; j < DISTRIBUTIONS; j++) {
        const z0 = distance(from + start * q16, j);
        const z1 = distance(from + (start + half) * q16, j);
        const z2 = distance(from + (start + 2 * half) * q16, j);
        setDistribution(j, z1 - z0 + soft(z0) - soft(z2));
      }
      let bit: u32;
      if (depth < 2) {
        const node = depth == 0 ? 13 + min(8, bucket) : 22 + min(4, bucket) * 2 + prefix;
        bit = mixBit(u32(magnitude >= start + half), side + node, (20 + depth) * 48 + activity, side + node);
      } else bit = plainBit(u32(magnitude >= start + half));
      if (bit) start += half;
      prefix = i32(bit);
    } else prefix = 0;
    depth++;
    half >>= 1;
  }
  const step = upper ? start : -1 - start;
  return clamp(p + step * q, 0, maximum);
}
