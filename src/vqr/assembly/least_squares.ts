/** A predictor whose weights minimise the squared error over a window of coded neighbours, in integers. */

/** Taps besides the upper neighbour, which is the base. */
export const TAPS: i32 = 11;
/** Bytes of one matrix: 11 rows of 12 sums. The last sum of a row belongs to the target. */
const MATRIX: i32 = TAPS * 12 * 4;
/** Columns of the window on each side. */
const REACH: i32 = 6;
const ONE_BITS: i32 = 14;
const LIMIT: i32 = 1 << 16;
const RIDGE: i32 = 125;

/** i32[11]: weights in 1/16384. */
let weights: usize = 0;
/** i32[11]: differences of the neighbours from the base. */
export let taps: usize = 0;
/** i16[16]: the same and the target, divided by the local noise. */
let scaled: usize = 0;
/** i32[11][12]: sums over the window. */
let sums: usize = 0;
/** i32[width][11][12]: decaying sums of each column. */
let columns: usize = 0;
let width: i32 = 0;

export function leastSquaresBytes(width: i32): usize {
  return 64 + 64 + 32 + MATRIX + usize(width) * MATRIX;
}

export function makeLeastSquares(at: usize, columnCount: i32): void {
  weights = at;
  taps = at + 64;
  scaled = taps + 64;
  sums = scaled + 32;
  columns = sums + MATRIX;
  width = columnCount;
  memory.fill(at, 0, leastSquaresBytes(columnCount));
  store<i32>(weights, 12288);
  store<i32>(weights + 4, -8192);
  store<i32>(weights + 8, 4096);
}

/** Moves the window to the start of a row. */
export function startRow(): void {
  memory.fill(sums, 0, MATRIX);
  for (let x = 0; x < min(REACH, width); x++) addColumn(x);
}

// @ts-ignore: decorator
@inline
function addColumn(x: i32): void {
  const from = columns + usize(x) * MATRIX;
  for (let i: usize = 0; i < usize(MATRIX); i += 16) {
    v128.store(sums + i, i32x4.add(v128.load(sums + i), v128.load(from + i)));
  }
}

// @ts-ignore: decorator
@inline
function removeColumn(x: i32): void {
  const from = columns + usize(x) * MATRIX;
  for (let i: usize = 0; i < usize(MATRIX); i += 16) {
    v128.store(sums + i, i32x4.sub(v128.load(sums + i), v128.load(from + i)));
  }
}

/** Moves the window to column `x`, improves the weights once, and returns the prediction in 1/16, less the base. */
export function predict(x: i32): i32 {
  if (x + REACH < width) addColumn(x + REACH);
  if (x > REACH) removeColumn(x - REACH - 1);
  for (let i = 0; i < TAPS; i++) {
    const row = sums + i * 48;
    let dot = v128.splat<i64>(0);
    for (let j: usize = 0; j < 48; j += 16) {
      const s = v128.load(row + j);
      const w = v128.load(weights + j);
      dot = i64x2.add(dot, i64x2.add(i64x2.extmul_low_i32x4_s(s, w), i64x2.extmul_high_i32x4_s(s, w)));
    }
    const sum = i64x2.extract_lane(dot, 0) + i64x2.extract_lane(dot, 1);
    const target = i64(load<i32>(row + 44)) << ONE_BITS;
    const own = load<i32>(row + i * 4) + RIDGE;
    const w = i64(load<i32>(weights + i * 4)) + (target - sum) / i64(own);
    store<i32>(weights + i * 4, i32(max<i64>(-LIMIT, min<i64>(LIMIT, w))));
  }
  let sum: i64 = 0;
  for (let i = 0; i < TAPS; i++) sum += i64(load<i32>(weights + i * 4)) * i64(load<i32>(taps + i * 4));
  return i32((sum + (1 << 9)) >> (ONE_BITS - 4));
}

/** Learns the pixel at column `x`: `target` is its difference from the base. */
export function learn(x: i32, target: i32, noise: i32): void {
  const scale: i32 = (1 << 20) / noise;
  for (let i = 0; i < TAPS; i++) {
    const v = i32((i64(load<i32>(taps + i * 4)) * i64(scale)) >> 12);
    store<i16>(scaled + i * 2, i16(max(-1023, min(1023, v))));
  }
  const v = i32((i64(target) * i64(scale)) >> 12);
  store<i16>(scaled + TAPS * 2, i16(max(-1023, min(1023, v))));
  const low = v128.load(scaled);
  const high = v128.load(scaled, 16);
  const f0 = i32x4.extend_low_i16x8_s(low);
  const f1 = i32x4.extend_high_i16x8_s(low);
  const f2 = i32x4.extend_low_i16x8_s(high);
  const column = columns + usize(x) * MATRIX;
  for (let i = 0; i < TAPS; i++) {
    const f = i32x4.splat(i32(load<i16>(scaled + i * 2)));
    const to = i * 48;
    update(column + to, sums + to, i32x4.mul(f, f0));
    update(column + to + 16, sums + to + 16, i32x4.mul(f, f1));
    update(column + to + 32, sums + to + 32, i32x4.mul(f, f2));
  }
}

// @ts-ignore: decorator
@inline
function update(column: usize, sum: usize, product: v128): void {
  const before = v128.load(column);
  const after = i32x4.add(i32x4.sub(before, i32x4.shr_s(before, 3)), product);
  v128.store(column, after);
  v128.store(sum, i32x4.add(v128.load(sum), i32x4.sub(after, before)));
}
