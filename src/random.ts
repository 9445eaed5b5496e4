/**
 * Counter-based random numbers: a value depends on its key and its counter alone, so that the state of a run is two
 * integers, any value can be made again out of order, and WGSL and Python can make the same ones.
 */

/**
 * Mixes a 32-bit integer (the "lowbias32" finaliser of Chris Wellons' hash-prospector: xor-shift and multiply, twice).
 */
export function mix32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97) >>> 0;
  return (x ^ (x >>> 15)) >>> 0;
}

/** A random 32-bit integer for `counter` in the stream that `key` names. */
export function randomBits(key: number, counter: number): number {
  return mix32((mix32((key ^ 0x9e3779b9) >>> 0) + Math.imul(counter, 0x85ebca6b)) >>> 0);
}

/** Joins two keys into one, as a seed and a purpose, or a seed and an epoch. */
export function joinKeys(first: number, second: number): number {
  return mix32((mix32(first) ^ Math.imul(second + 1, 0xc2b2ae35)) >>> 0);
}

/** A 32-bit key for a name: FNV-1a over its UTF-8 bytes. */
export function keyOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** A uniform number in [0, 1) with 24 bits, exact in float32. */
export function randomUniform(key: number, counter: number): number {
  return (randomBits(key, counter) >>> 8) / 16777216;
}

/** `count` uniform numbers in [low, high) from the stream `key`. */
export function uniformArray(
  key: number,
  count: number,
  low: number,
  high: number,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, index) => low + (high - low) * randomUniform(key, index));
}

/** `count` standard normal numbers from the stream `key` (Box–Muller, two counters a value). */
export function normalArray(key: number, count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, index) => {
    const radius = Math.sqrt(-2 * Math.log(1 - randomUniform(key, 2 * index)));
    return radius * Math.cos(2 * Math.PI * randomUniform(key, 2 * index + 1));
  });
}

/** The numbers 0 … count − 1 in random order (Fisher–Yates), the same for the same key. */
export function permutation(key: number, count: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(randomBits(key, last) / 4294967296 * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
