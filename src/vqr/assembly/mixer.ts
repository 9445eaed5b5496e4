/** Mixes logits of contexts and of distributions to the probability of one bit, and learns from the bit. */

import { codeBit } from "./range.ts";
import { LOGIT_LIMIT, rateTable, squash, stretchTable, trustTable } from "./tables.ts";

/** Inputs of the mixer: contexts first, then distributions, then a constant. */
export const INPUTS: i32 = 16;
export const NODES: i32 = 64;
export const CONTEXTS: i32 = 11;
export const CONTEXT_VALUES: i32 = 1024;
export const SETS: i32 = 2048;
const FIRST_DISTRIBUTION: i32 = CONTEXTS;

/** i16[16]: the logits of the next bit. */
export let inputs: usize = 0;
/** u32[11][1024][64]: for each context, value and node a probability (22 bits) and a count (10 bits). */
export let slots: usize = 0;
/** i16[2][2048][16]: weights. */
export let weights: usize = 0;
/** u32[11]: for each context, the address of the row of its present value. */
export let rows: usize = 0;
/** How many contexts are in use. */
let contexts: i32 = CONTEXTS;
/** A slot counts its updates up to here. */
const COUNT_LIMIT: u32 = 255;
/** First weights, in 1/16384: of all contexts together, and of each distribution. */
const CONTEXT_WEIGHT: i32 = 18000;
const DISTRIBUTION_WEIGHT: i16 = 3000;
const LEARNING_RATE: i32 = 3;

export function mixerBytes(): usize {
  return 32 + 64 + CONTEXTS * CONTEXT_VALUES * NODES * 4 + 2 * SETS * 32;
}

export function makeMixer(at: usize, count: i32): void {
  inputs = at;
  rows = at + 32;
  weights = rows + 64;
  slots = weights + 2 * SETS * 32;
  contexts = count;
  memory.fill(inputs, 0, 32);
  for (let set = 0; set < 2 * SETS; set++) {
    for (let i = 0; i < INPUTS; i++) {
      const w: i16 = i < count ? i16(CONTEXT_WEIGHT / count) : i >= FIRST_DISTRIBUTION && i < INPUTS - 1 ? DISTRIBUTION_WEIGHT : 0;
      store<i16>(weights + (set << 5) + (i << 1), w);
    }
  }
  store<i16>(inputs + 30, 256);
  memory.fill(slots, 0, count * CONTEXT_VALUES * NODES * 4);
}

// @ts-ignore: decorator
@inline
export function setContext(context: i32, value: i32): void {
  store<u32>(rows + (context << 2), u32(slots) + (u32(context * CONTEXT_VALUES + value) << 8));
}

// @ts-ignore: decorator
@inline
export function setDistribution(index: i32, logit: i32): void {
  const clipped = max(-2047, min(2047, logit));
  store<i16>(inputs + ((FIRST_DISTRIBUTION + index) << 1), i16(clipped));
}

/** Codes one bit at `node` of the decision tree with the weights of two sets. */
export function mixBit(bit: u32, node: i32, set0: i32, set1: i32): u32 {
  const prior = load<i16>(inputs + (FIRST_DISTRIBUTION << 1));
  for (let i = 0; i < contexts; i++) {
    const slot = load<u32>(load<u32>(rows + (i << 2)) + (node << 2));
    const count = slot & 1023;
    const logit = count == 0
      ? i32(prior)
      : (i32(load<i16>(stretchTable + ((slot >> 20) << 1))) * load<i32>(trustTable + (count << 2))) >> 8;
    store<i16>(inputs + (i << 1), i16(logit));
  }
  const w0 = weights + (usize(set0) << 5);
  const w1 = weights + (usize(SETS + set1) << 5);
  const x0 = v128.load(inputs);
  const x1 = v128.load(inputs, 16);
  const a0 = v128.load(w0);
  const a1 = v128.load(w0, 16);
  const b0 = v128.load(w1);
  const b1 = v128.load(w1, 16);
  const dotA = i32x4.add(i32x4.dot_i16x8_s(x0, a0), i32x4.dot_i16x8_s(x1, a1));
  const dotB = i32x4.add(i32x4.dot_i16x8_s(x0, b0), i32x4.dot_i16x8_s(x1, b1));
  const sumA = i32x4.extract_lane(dotA, 0) + i32x4.extract_lane(dotA, 1) + i32x4.extract_lane(dotA, 2) +
    i32x4.extract_lane(dotA, 3);
  const sumB = i32x4.extract_lane(dotB, 0) + i32x4.extract_lane(dotB, 1) + i32x4.extract_lane(dotB, 2) +
    i32x4.extract_lane(dotB, 3);
  const logitA = max(-LOGIT_LIMIT, min(LOGIT_LIMIT, sumA >> 14));
  const logitB = max(-LOGIT_LIMIT, min(LOGIT_LIMIT, sumB >> 14));
  const p = squash((logitA + logitB) >> 1);
  bit = codeBit(bit, p);

  const goal = bit << 16;
  const errorA = i16(((i32(goal) - i32(squash(logitA))) * LEARNING_RATE) >> 5);
  const errorB = i16(((i32(goal) - i32(squash(logitB))) * LEARNING_RATE) >> 5);
  const y0 = i16x8.shl(x0, 2);
  const y1 = i16x8.shl(x1, 2);
  const eA = i16x8.splat(errorA);
  const eB = i16x8.splat(errorB);
  v128.store(w0, i16x8.add_sat_s(a0, i16x8.q15mulr_sat_s(y0, eA)));
  v128.store(w0, i16x8.add_sat_s(a1, i16x8.q15mulr_sat_s(y1, eA)), 16);
  v128.store(w1, i16x8.add_sat_s(b0, i16x8.q15mulr_sat_s(y0, eB)));
  v128.store(w1, i16x8.add_sat_s(b1, i16x8.q15mulr_sat_s(y1, eB)), 16);

  const priorProbability = squash(i32(prior)) << 6;
  for (let i = 0; i < contexts; i++) {
    const address = load<u32>(rows + (i << 2)) + (node << 2);
    const slot = load<u32>(address);
    const count = slot & 1023;
    const before: i32 = count == 0 ? i32(priorProbability) : i32(slot >> 10);
    const target: i32 = bit ? 0x3fffff : 0;
    const after = before + i32((i64(target - before) * i64(load<u32>(rateTable + (count << 2)))) >> 16);
    store<u32>(address, (u32(after) << 10) | (count < COUNT_LIMIT ? count + 1 : count));
  }
  return bit;
}

/** Codes one bit from the distributions alone. */
export function plainBit(bit: u32): u32 {
  let sum = 0;
  for (let i = FIRST_DISTRIBUTION; i < INPUTS - 1; i++) sum += i32(load<i16>(inputs + (i << 1)));
  return codeBit(bit, squash(sum >> 2));
}
