/** Codes one plane of samples. */

import { decoding, overrun } from "./range.ts";
import { setContext } from "./mixer.ts";
import { bitLength, clamp, level, signed } from "./numbers.ts";
import { codeSample, DISTRIBUTIONS, inverse, makeSample, sampleBytes } from "./sample.ts";
import { cubeTable } from "./tables.ts";
import * as ls from "./least_squares.ts";

const PAD: i32 = 4;
const PREDICTORS: i32 = 10;
const FAST_PREDICTORS: i32 = 6;

let width: i32 = 0;
let stride: i32 = 0;
let maximum: i32 = 0;
let near: i32 = 0;
/** Rows of samples, absolute errors (1/16), and for each predictor absolute errors: present row and two above. */
let sampleRows: usize = 0;
let errorRows: usize = 0;
let predictorErrors: usize = 0;
let predictions: usize = 0;
let biases: usize = 0;
let scales: usize = 0;
let scaleAt: usize = 0;
let distances: usize = 0;

const BIAS_VALUES: i32 = 2048;
const SCALE_VALUES: i32 = 2048;

export function planeBytes(columns: i32): usize {
  const row = usize(columns + 2 * PAD) * 4;
  return row * 3 * 2 + row * 3 * PREDICTORS + 64 + 2 * BIAS_VALUES * 8 + DISTRIBUTIONS * SCALE_VALUES * 8 + 64 * 4;
}

export function makePlane(at: usize, columns: i32, largest: i32, bound: i32): void {
  width = columns;
  stride = (columns + 2 * PAD) * 4;
  maximum = largest;
  near = bound;
  memory.fill(at, 0, planeBytes(columns));
  sampleRows = at;
  errorRows = sampleRows + 3 * stride;
  predictorErrors = errorRows + 3 * stride;
  predictions = predictorErrors + 3 * PREDICTORS * stride;
  biases = predictions + 64;
  scales = biases + 2 * BIAS_VALUES * 8;
  scaleAt = scales + DISTRIBUTIONS * SCALE_VALUES * 8;
  makeSample(scaleAt + 64);
  distances = scaleAt + 64 + sampleBytes();
}

/** Codes a plane at the best ratio. */
export function codeBest(samples: usize, side: usize, height: i32, hasSide: bool): void {
  codePlane(samples, side, height, hasSide, true);
}

/** Codes a plane without least squares and with three contexts. */
export function codeFast(samples: usize, side: usize, height: i32, hasSide: bool): void {
  codePlane(samples, side, height, hasSide, false);
}

/**
 * Codes a plane. At each sample of `side` stands the absolute error of the plane before, if there is one; this
 * plane's error replaces it.
 */
// @ts-ignore: decorator
@inline
function codePlane(samples: usize, side: usize, height: i32, hasSide: bool, best: bool): void {
  const count = best ? PREDICTORS : FAST_PREDICTORS;
  const q = 2 * near + 1;
  const top = maximum << 4;
  for (let y = 0; y < height; y++) {
    const r0 = sampleRows + (y % 3) * stride + PAD * 4;
    const r1 = sampleRows + ((y + 2) % 3) * stride + PAD * 4;
    const r2 = sampleRows + ((y + 1) % 3) * stride + PAD * 4;
    const e0 = errorRows + (y % 3) * stride + PAD * 4;
    const e1 = errorRows + ((y + 2) % 3) * stride + PAD * 4;
    const e2 = errorRows + ((y + 1) % 3) * stride + PAD * 4;
    const p0 = predictorErrors + (y % 3) * PREDICTORS * stride + PAD * 4 * PREDICTORS;
    const p1 = predictorErrors + ((y + 2) % 3) * PREDICTORS * stride + PAD * 4 * PREDICTORS;
    const p2 = predictorErrors + ((y + 1) % 3) * PREDICTORS * stride + PAD * 4 * PREDICTORS;
    // Outside on the left: the first sample above. Outside on the right: the last.
    for (let i = 1; i <= PAD; i++) {
      store<i32>(r0 - i * 4, load<i32>(r1));
      store<i32>(e0 - i * 4, load<i32>(e1));
      store<i32>(r1 + (width - 1 + i) * 4, load<i32>(r1 + (width - 1) * 4));
      store<i32>(e1 + (width - 1 + i) * 4, load<i32>(e1 + (width - 1) * 4));
      for (let j = 0; j < PREDICTORS; j++) {
        store<i32>(p0 + (j - i * PREDICTORS) * 4, load<i32>(p1 + j * 4));
        store<i32>(
          p1 + (j + (width - 1 + i) * PREDICTORS) * 4,
          load<i32>(p1 + (j + (width - 1) * PREDICTORS) * 4),
        );
      }
    }
    if (best) ls.startRow();
    for (let x = 0; x < width; x++) {
      const c0 = r0 + x * 4, c1 = r1 + x * 4, c2 = r2 + x * 4;
      const n = load<i32>(c1), w = load<i32>(c0 - 4), nw = load<i32>(c1 - 4), ne = load<i32>(c1 + 4);
      const ww = load<i32>(c0 - 8), nn = load<i32>(c2), nne = load<i32>(c2 + 4), nnw = load<i32>(c2 - 4);
      const nww = load<i32>(c1 - 8), nee = load<i32>(c1 + 8), www = load<i32>(c0 - 12), nnee = load<i32>(c2 + 8);
      let fitted: i32 = 0;
      if (best) {
        const taps = ls.taps;
        store<i32>(taps, w - n);
        store<i32>(taps + 4, nw - n);
        store<i32>(taps + 8, ne - n);
        store<i32>(taps + 12, ww - n);
        store<i32>(taps + 16, nn - n);
        store<i32>(taps + 20, nne - n);
        store<i32>(taps + 24, nnw - n);
        store<i32>(taps + 28, nww - n);
        store<i32>(taps + 32, nee - n);
        store<i32>(taps + 36, www - n);
        store<i32>(taps + 40, nnee - n);
        fitted = clamp((n << 4) + ls.predict(x), 0, top);
      }

      // Predictions in 1/16.
      setPrediction(0, (n + w - nw) << 4, top);
      setPrediction(1, n << 4, top);
      setPrediction(2, w << 4, top);
      setPrediction(3, ((n + w) << 3) + ((ne - nw) << 2), top);
      setPrediction(4, (n + ne - nne) << 4, top);
      setPrediction(5, (w + ne - n) << 4, top);
      if (best) {
        const larger = max(n, w), smaller = min(n, w);
        const median = nw >= larger ? smaller : nw <= smaller ? larger : n + w - nw;
        setPrediction(6, (2 * w - ww + 2 * n - nn) << 3, top);
        setPrediction(7, median << 4, top);
        setPrediction(8, fitted, top);
        setPrediction(9, (n + w + ne + nw) << 2, top);
      } else fitted = load<i32>(predictions + 12);

      // Their blend, weighted by the cube of the recent error's reciprocal.
      let least: i32 = 0x7fffffff;
      for (let j = 0; j < count; j++) {
        const c = (x * PREDICTORS + j) * 4, s = PREDICTORS * 4;
        const e = 16 + ((load<i32>(p0 + c - s) + load<i32>(p1 + c)) << 1) + load<i32>(p1 + c - s) +
          load<i32>(p1 + c + s) + load<i32>(p0 + c - 2 * s) + load<i32>(p2 + c);
        store<i32>(distances + j * 4, e);
        least = min(least, e);
      }
      const shift = max(0, bitLength(least) - 7);
      let weightSum: i64 = 0, blendSum: i64 = 0;
      for (let j = 0; j < count; j++) {
        const g = i64(load<u32>(cubeTable + (min(1023, load<i32>(distances + j * 4) >> shift) << 2)));
        weightSum += g;
        blendSum += g * i64(load<i32>(predictions + j * 4));
      }
      const blend = i32(blendSum / weightSum);

      // The noise around.
      const a1 = load<i32>(e0 + x * 4 - 4), a2 = load<i32>(e1 + x * 4), a3 = load<i32>(e1 + x * 4 - 4);
      const a4 = load<i32>(e1 + x * 4 + 4), a5 = load<i32>(e0 + x * 4 - 8), a6 = load<i32>(e2 + x * 4);
      const errors = 2 * (a1 + a2) + a3 + a4 + a5 + a6; // 1/128
      const activity = min(47, level(errors >> 4));
      const k = max(0, bitLength((errors >> 7) / q) - 1);
      const gradient = abs(n - nw) + abs(w - nw) + abs(n - ne) + abs(ww - w) + abs(n - nn);

      // The bias of contexts.
      const blended = blend >> 4;
      const texture = i32(n > blended) | (i32(w > blended) << 1) | (i32(nw > blended) << 2) |
        (i32(ne > blended) << 3) | (i32(ww > blended) << 4) | (i32(nn > blended) << 5);
      const bias0 = biases + (texture | (min(activity, 31) << 6)) * 8;
      const bias1 = biases + (BIAS_VALUES + (signed((w - n) >> k) * 17 + signed((ne - nw) >> k))) * 8;
      const correction = (load<i32>(bias0) * 2 + load<i32>(bias1) * 2) >> 8;
      const mu = clamp(blend + correction, 0, top);
      const p = (mu + 8) >> 4;

      // Contexts.
      const fraction = mu & 15;
      setContext(0, activity * 16 + fraction);
      setContext(1, signed((w - p) >> k) * 32 + signed((n - p) >> k));
      const sideError = hasSide ? load<i32>(side + (y * width + x) * 4) : 0;
      const sideLevel = hasSide ? min(31, level(sideError >> 1)) : x * 16 / width;
      setContext(2, sideLevel * 32 + min(31, activity));
      if (best) {
        setContext(3, texture * 16 + min(15, activity >> 1));
        setContext(4, ((p * 128 / (maximum + 1)) * 8 + min(7, activity >> 2)) & 1023);
        setContext(5, min(31, level((a3 + a4) >> 3)) * 32 + min(31, level(abs(w - n))));
        setContext(6, min(31, level(a1 >> 3)) * 32 + min(31, level(a2 >> 3)));
        setContext(7, signed((fitted - mu) >> 1) * 32 + min(31, activity));
        setContext(8, signed((ne - p) >> k) * 32 + signed((nw - p) >> k));
        setContext(9, signed((ww - p) >> k) * 32 + signed((nn - p) >> k));
        setContext(10, min(31, level(gradient)) * 32 + min(31, activity));
      }

      // Scales of the distributions.
      store<i32>(scaleAt, activity * 16 + fraction);
      store<i32>(scaleAt + 4, 2048 + min(31, level(gradient)) * 32 + min(31, activity));
      store<i32>(scaleAt + 8, 4096 + min(31, level(abs(fitted - blend))) * 32 + min(31, activity));
      store<i32>(scaleAt + 12, 6144 + min(31, level(a1 >> 3)) * 32 + min(31, level(a2 >> 3)));
      for (let j = 0; j < DISTRIBUTIONS; j++) {
        const entry = scales + load<i32>(scaleAt + j * 4) * 8;
        const count = load<i32>(entry + 4);
        // Mean absolute error in 1/128, from the context and from the pixels around.
        const mean = (load<i32>(entry) + 3 * ((errors >> 1) + 38)) / (count + 3);
        // The scale of a logistic distribution is its mean absolute error / (2 · ln 2).
        store<i32>(inverse + j * 4, (355 << 16) / max(15, mean));
      }

      const actual = decoding ? 0 : load<i32>(samples + (y * width + x) * 4);
      const value = codeSample(actual, p, mu, k, near, maximum, activity);
      if (decoding) store<i32>(samples + (y * width + x) * 4, value);

      // Learn.
      store<i32>(c0, value);
      if (y == 0) {
        for (let i = 1; i <= PAD && x + i < width + PAD; i++) {
          store<i32>(c1 + i * 4, value);
          store<i32>(c2 + i * 4, value);
        }
      }
      const v16 = value << 4;
      store<i32>(e0 + x * 4, abs(v16 - blend));
      for (let j = 0; j < count; j++) {
        store<i32>(p0 + (x * PREDICTORS + j) * 4, abs(v16 - load<i32>(predictions + j * 4)));
      }
      const miss = (v16 - blend) << 6;
      learnBias(bias0, miss);
      learnBias(bias1, miss);
      const size = abs(v16 - mu);
      store<i32>(side + (y * width + x) * 4, size);
      for (let j = 0; j < DISTRIBUTIONS; j++) {
        const entry = scales + load<i32>(scaleAt + j * 4) * 8;
        const count = load<i32>(entry + 4);
        let sum = load<i32>(entry) + (min(size, 1 << 20) << 3);
        if (count >= 200) {
          sum >>= 1;
          store<i32>(entry + 4, (count + 1) >> 1);
        } else store<i32>(entry + 4, count + 1);
        store<i32>(entry, sum);
      }
      if (best) ls.learn(x, value - n, (errors >> 7) + (gradient >> 2) + 2);
    }
    if (overrun) return;
  }
}

// @ts-ignore: decorator
@inline
function setPrediction(j: i32, value: i32, top: i32): void {
  store<i32>(predictions + j * 4, clamp(value, 0, top));
}

/** A bias has 6 bits of fraction more than predictions, and a count. */
function learnBias(entry: usize, miss: i32): void {
  const count = load<i32>(entry + 4);
  const before = load<i32>(entry);
  store<i32>(entry, before + (miss - before) / (count + 3));
  if (count < 60) store<i32>(entry + 4, count + 1);
}
