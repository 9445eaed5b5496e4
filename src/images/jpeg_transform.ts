/** Turns the coefficients of JPEG images into samples. */

import { makeSamples, type Samples } from "./image.ts";
import type { CoefficientPlane } from "./jpeg_coefficients.ts";

/** Bits of the fixed-point factors. */
const BITS = 13;
const factor = (value: number) => Math.round(value * 2 ** BITS);
const F0_298 = factor(0.298631336), F0_390 = factor(0.390180644), F0_541 = factor(0.541196100);
const F0_765 = factor(0.765366865), F0_899 = factor(0.899976223), F1_175 = factor(1.175875602);
const F1_501 = factor(1.501321110), F1_847 = factor(1.847759065), F1_961 = factor(1.961570560);
const F2_053 = factor(2.053119869), F2_562 = factor(2.562915447), F3_072 = factor(3.072711026);

/**
 * Dequantizes a component's blocks and transforms them by the inverse discrete cosine transform of Loeffler, Ligtenberg
 * and Moschytz (1989) in 13-bit fixed point, with the roundings of libjpeg's accurate integer method, so that samples
 * equal its.
 *
 * @param quantization 64 steps in the order of rows
 * @returns samples [8 · blocksDown, 8 · blocksAcross]
 */
export function transformPlane(
  plane: CoefficientPlane,
  quantization: Uint16Array,
  precision: number,
): Samples {
  const { blocksAcross, blocksDown, coefficients } = plane;
  const most = 2 ** precision - 1;
  const middle = 2 ** (precision - 1);
  const stride = 8 * blocksAcross;
  const samples = makeSamples(64 * blocksAcross * blocksDown, most);
  const work = new Float64Array(64);
  // More bits would not fit into 32 for 12-bit samples.
  const extra = precision > 8 ? 1 : 2;
  for (let block = 0; block < blocksAcross * blocksDown; block++) {
    for (let i = 0; i < 64; i++) work[i] = coefficients[64 * block + i]! * quantization[i]!;
    for (let column = 0; column < 8; column++) transformLine(work, column, 8, BITS - extra);
    for (let row = 0; row < 8; row++) transformLine(work, 8 * row, 1, BITS + extra + 3);
    const top = Math.floor(block / blocksAcross) * 8 * stride + block % blocksAcross * 8;
    for (let i = 0; i < 64; i++) {
      samples[top + (i >> 3) * stride + (i & 7)] = Math.min(most, Math.max(0, work[i]! + middle));
    }
  }
  return samples;
}

/** Transforms eight numbers in place and divides them by 2^`shift`, rounded. */
function transformLine(work: Float64Array, from: number, step: number, shift: number): void {
  const at = (index: number) => work[from + step * index]!;
  const [x0, x1, x2, x3, x4, x5, x6, x7] = [at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)];
  const even = (x2 + x6) * F0_541;
  const even2 = even - x6 * F1_847;
  const even3 = even + x2 * F0_765;
  const sum = (x0 + x4) * 2 ** BITS;
  const difference = (x0 - x4) * 2 ** BITS;
  const outer = (x7 + x1) * -F0_899;
  const inner = (x5 + x3) * -F2_562;
  const common = (x7 + x3 + x5 + x1) * F1_175;
  const left = (x7 + x3) * -F1_961 + common;
  const right = (x5 + x1) * -F0_390 + common;
  const odd0 = x7 * F0_298 + outer + left;
  const odd1 = x5 * F2_053 + inner + right;
  const odd2 = x3 * F3_072 + inner + left;
  const odd3 = x1 * F1_501 + outer + right;
  const half = 2 ** (shift - 1), scale = 2 ** -shift;
  const put = (index: number, value: number) =>
    work[from + step * index] = Math.floor((value + half) * scale);
  put(0, sum + even3 + odd3);
  put(7, sum + even3 - odd3);
  put(1, difference + even2 + odd2);
  put(6, difference + even2 - odd2);
  put(2, difference - even2 + odd1);
  put(5, difference - even2 - odd1);
  put(3, sum - even3 + odd0);
  put(4, sum - even3 - odd0);
}
