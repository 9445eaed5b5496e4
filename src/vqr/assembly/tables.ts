/** The integer tables of the coder. Logits are in units of 1/256. */

/** The largest magnitude of a logit. */
export const LOGIT_LIMIT = 3071;
/** Entries of the tables over distances between thresholds. */
export const DISTANCES = 2048;

/** u16[6144]: probability of a one, in 1/65536, for a logit from -3072 on. */
export let squashTable: usize = 0;
/** i16[4096]: logit for a probability in 1/4096. */
export let stretchTable: usize = 0;
/** i32[2048]: 256 · ln(1 + e^(-z/256)). */
export let softTable: usize = 0;
/** i32[2048]: 256 · ln(1 - e^(-z/256)), negative. */
export let gapTable: usize = 0;
/** u32[1024]: 2^32 / e^3. */
export let cubeTable: usize = 0;
/** u32[1024]: 2^16 / (n + 1.5). */
export let rateTable: usize = 0;
/** i32[1024]: trust in a slot that has been updated n times, in 1/256. */
export let trustTable: usize = 0;

/** 2^30 · e^(-1/256), rounded. */
const DECAY: u64 = 1069555639;
const ONE: u64 = 1 << 30;

/** 256 · ln(x / 2^30), rounded down, for 0 < x <= 2^31. */
function logarithm(x: u64): i32 {
  let exponent = 0;
  while (x < ONE) {
    x <<= 1;
    exponent--;
  }
  while (x >= ONE << 1) {
    x >>= 1;
    exponent++;
  }
  let log: i64 = exponent;
  for (let bit = 0; bit < 16; bit++) {
    x = (x * x) >> 30;
    log <<= 1;
    if (x >= ONE << 1) {
      x >>= 1;
      log |= 1;
    }
  }
  // 256 · ln 2 / 2^16 = 2907270 / 2^30
  return i32((log * 2907270 + (1 << 29)) >> 30);
}

export function tableBytes(): usize {
  return 6144 * 2 + 4096 * 2 + DISTANCES * 4 * 2 + 1024 * 4 * 3;
}

export function makeTables(at: usize): void {
  squashTable = at;
  stretchTable = squashTable + 6144 * 2;
  softTable = stretchTable + 4096 * 2;
  gapTable = softTable + DISTANCES * 4;
  cubeTable = gapTable + DISTANCES * 4;
  rateTable = cubeTable + 1024 * 4;
  trustTable = rateTable + 1024 * 4;
  let power: u64 = ONE;
  for (let z = 0; z <= 3072; z++) {
    // power = 2^30 · e^(-z/256)
    const low = u32((power << 16) / (ONE + power)); // of logit -z
    const clipped: u32 = low < 1 ? 1 : low;
    if (z <= 3072) store<u16>(squashTable + ((3072 - z) << 1), u16(clipped));
    if (z < 3072) store<u16>(squashTable + ((3072 + z) << 1), u16(65536 - clipped));
    if (z < DISTANCES) {
      store<i32>(softTable + (z << 2), logarithm(ONE + power));
      if (z > 0) store<i32>(gapTable + (z << 2), logarithm(ONE - power));
    }
    power = (power * DECAY + (1 << 29)) >> 30;
  }
  store<i32>(gapTable, -1600);
  let logit = -LOGIT_LIMIT;
  for (let p: u32 = 0; p < 4096; p++) {
    while (logit < LOGIT_LIMIT && u32(load<u16>(squashTable + ((logit + 3072) << 1))) < (p << 4) + 8) logit++;
    store<i16>(stretchTable + (p << 1), i16(logit));
  }
  for (let e: u64 = 0; e < 1024; e++) {
    const cube: u64 = e < 16 ? 4096 : e * e * e;
    store<u32>(cubeTable + (usize(e) << 2), u32((u64(1) << 32) / cube));
  }
  for (let n: u32 = 0; n < 1024; n++) {
    store<u32>(rateTable + (n << 2), (2 << 16) / (2 * n + 3));
    store<i32>(trustTable + (n << 2), i32((256 * (2 * n + 1)) / (2 * n + 4)));
  }
}

export function squash(logit: i32): u32 {
  return load<u16>(squashTable + ((logit + 3072) << 1));
}

/** 256 · ln(1 + e^(-z/256)) for any z. */
// @ts-ignore: decorator
@inline
export function soft(z: i32): i32 {
  if (z >= 0) return z < DISTANCES ? load<i32>(softTable + (z << 2)) : 0;
  z = -z;
  return z + (z < DISTANCES ? load<i32>(softTable + (z << 2)) : 0);
}

/** 256 · ln(1 - e^(-d/256)) for d >= 0. */
// @ts-ignore: decorator
@inline
export function gap(d: i32): i32 {
  return d < DISTANCES ? load<i32>(gapTable + (d << 2)) : 0;
}
