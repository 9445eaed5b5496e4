/**
 * Counter-based random numbers.
 *
 * A value depends only on its key, which selects a stream, and its counter, which is its position in the stream. The
 * state of a run is therefore two integers, values can be generated in any order, and WGSL and Python generate the
 * same.
 */

/** Mixes the bits of a 32-bit integer: the function lowbias32 of Chris Wellons' hash-prospector. */
export function mix32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97) >>> 0;
  return (x ^ (x >>> 15)) >>> 0;
}

/** The random 32-bit unsigned integer at position `counter` of the stream `key`. */
export function randomBits(key: number, counter: number): number {
  return mix32((mix32((key ^ 0x9e3779b9) >>> 0) + Math.imul(counter, 0x85ebca6b)) >>> 0);
}

/** Combines two keys into one, such as a seed and an epoch. The order matters. */
export function joinKeys(first: number, second: number): number {
  return mix32((mix32(first) ^ Math.imul(second + 1, 0xc2b2ae35)) >>> 0);
}

/** A 32-bit key for a name: the FNV-1a hash of its UTF-8 bytes. */
export function keyOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/**
 * A uniform number in [0, 1): a multiple of 2⁻²⁴, which is exact in float32.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 *
 * const key = joinKeys(816, keyOf("noise"));
 * const value = randomUniform(key, 5);
 * assert(value >= 0 && value < 1);
 * assertEquals(randomUniform(key, 5), value);
 * ```
 */
export function randomUniform(key: number, counter: number): number {
  return (randomBits(key, counter) >>> 8) / 16777216;
}

/** The first `count` uniform numbers of the stream `key`, scaled to [low, high) and rounded to float32. */
export function uniformArray(
  key: number,
  count: number,
  low: number,
  high: number,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, index) => low + (high - low) * randomUniform(key, index));
}

/** `count` standard normal numbers from the stream `key`, by the Box–Muller transform. Each uses two counters. */
export function normalArray(key: number, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, index) => {
    const radius = Math.sqrt(-2 * Math.log(1 - randomUniform(key, 2 * index)));
    return radius * Math.cos(2 * Math.PI * randomUniform(key, 2 * index + 1));
  });
}

/** A random permutation of 0 … count − 1, by the Fisher–Yates shuffle. Equal keys give equal permutations. */
export function permutation(key: number, count: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(randomBits(key, last) / 4294967296 * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
