/** Small functions of integers. */

// @ts-ignore: decorator
@inline
export function bitLength(v: i32): i32 {
  return 32 - i32(clz(v));
}

/** About two levels an octave: 0, 1, 2, 3, 4 (4–5), 5 (6–7), 6 (8–11) … */
// @ts-ignore: decorator
@inline
export function level(v: i32): i32 {
  if (v < 3) return v;
  const l = bitLength(v);
  return 2 * l + ((v >> (l - 2)) & 1) - 1;
}

/** A difference with its sign, quantised to -8 … 8 and moved to 0 … 16. */
// @ts-ignore: decorator
@inline
export function signed(v: i32): i32 {
  const l = min(8, level(v < 0 ? -v : v));
  return v < 0 ? 8 - l : 8 + l;
}

// @ts-ignore: decorator
@inline
export function clamp(v: i32, low: i32, high: i32): i32 {
  return v < low ? low : v > high ? high : v;
}
