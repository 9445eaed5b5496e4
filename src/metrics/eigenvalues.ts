/** Eigenvalues of symmetric matrices. */

/**
 * The eigenvalues of a real symmetric matrix, in no particular order. The matrix is reduced to a tridiagonal one by
 * Householder reflections, which is then diagonalised by implicit QR steps with Wilkinson's shift (Golub and Van Loan,
 * "Matrix Computations", 4th edition, algorithms 8.3.1 and 8.3.3).
 *
 * @param matrix [size, size], row-major; its content is overwritten
 * @returns [size]
 * @throws {RangeError} if a value of the matrix is not finite
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [low, high] = symmetricEigenvalues(Float64Array.of(2, 1, 1, 2), 2).toSorted();
 * assertAlmostEquals(low!, 1);
 * assertAlmostEquals(high!, 3);
 * ```
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  if (matrix.some((value) => !Number.isFinite(value))) {
    throw new RangeError("eigenvalues need finite numbers");
  }
  const { diagonal, offDiagonal } = tridiagonal(matrix, size);
  for (let last = size - 1; last > 0;) {
    if (isNegligible(diagonal, offDiagonal, last)) {
      offDiagonal[last] = 0;
      last--;
      continue;
    }
    let first = last - 1;
    while (first > 0 && !isNegligible(diagonal, offDiagonal, first)) first--;
    shiftedStep(diagonal, offDiagonal, first, last);
  }
  return diagonal;
}

/** Whether the off-diagonal element between rows `at` − 1 and `at` is zero up to rounding. */
function isNegligible(diagonal: Float64Array, offDiagonal: Float64Array, at: number): boolean {
  return Math.abs(offDiagonal[at]!) <=
      Number.EPSILON * (Math.abs(diagonal[at - 1]!) + Math.abs(diagonal[at]!)) ||
    Math.abs(offDiagonal[at]!) < Number.MIN_VALUE / Number.EPSILON;
}

/** A similar tridiagonal matrix: its diagonal, and the elements next to the diagonal, which start at index 1. */
function tridiagonal(a: Float64Array, size: number): { diagonal: Float64Array; offDiagonal: Float64Array } {
  const diagonal = new Float64Array(size);
  const offDiagonal = new Float64Array(size);
  const product = new Float64Array(size);
  // From the last row up, each reflection zeroes the elements of row i before i − 1. Its vector v is stored in row i.
  for (let i = size - 1; i > 0; i--) {
    const v = a.subarray(i * size, i * size + i);
    const norm = Math.hypot(...chunkNorms(v));
    offDiagonal[i] = norm;
    diagonal[i] = a[i * size + i]!;
    if (norm === 0) continue;
    const alpha = v[i - 1]! > 0 ? -norm : norm;
    offDiagonal[i] = alpha;
    v[i - 1]! -= alpha;
    const scale = -1 / (alpha * v[i - 1]!);
    reflect(a, size, i, v, scale, product);
  }
  diagonal[0] = a[0]!;
  return { diagonal, offDiagonal };
}

/** The norms of chunks that are short enough to be spread as arguments. */
function chunkNorms(v: Float64Array): number[] {
  const norms: number[] = [];
  for (let start = 0; start < v.length; start += 64) norms.push(Math.hypot(...v.subarray(start, start + 64)));
  return norms;
}

/** Replaces the leading i × i block of `a` by H a H with H = 1 − scale · v vᵀ. Only its lower triangle is used. */
function reflect(
  a: Float64Array,
  size: number,
  i: number,
  v: Float64Array,
  scale: number,
  product: Float64Array,
): void {
  product.fill(0, 0, i);
  for (let row = 0; row < i; row++) {
    const start = row * size;
    const own = v[row]!;
    let sum = a[start + row]! * own;
    for (let column = 0; column < row; column++) {
      const value = a[start + column]!;
      sum += value * v[column]!;
      product[column]! += value * own;
    }
    product[row]! += sum;
  }
  let inner = 0;
  for (let row = 0; row < i; row++) inner += (product[row]! *= scale) * v[row]!;
  const half = scale * inner / 2;
  for (let row = 0; row < i; row++) product[row]! -= half * v[row]!;
  for (let row = 0; row < i; row++) {
    const start = row * size;
    const [own, ownProduct] = [v[row]!, product[row]!];
    for (let column = 0; column <= row; column++) {
      a[start + column]! -= own * product[column]! + ownProduct * v[column]!;
    }
  }
}

/** One implicit QR step on the rows from `first` to `last`. */
function shiftedStep(diagonal: Float64Array, offDiagonal: Float64Array, first: number, last: number): void {
  const half = (diagonal[last - 1]! - diagonal[last]!) / 2;
  const square = offDiagonal[last]! ** 2;
  const shift = diagonal[last]! -
    square / (half + (half < 0 ? -1 : 1) * Math.hypot(half, offDiagonal[last]!));
  let [x, z] = [diagonal[first]! - shift, offDiagonal[first + 1]!];
  for (let k = first; k < last; k++) {
    const radius = Math.hypot(x, z);
    const [cosine, sine] = radius === 0 ? [1, 0] : [x / radius, z / radius];
    if (k > first) offDiagonal[k] = radius;
    const [upper, lower, off] = [diagonal[k]!, diagonal[k + 1]!, offDiagonal[k + 1]!];
    diagonal[k] = cosine ** 2 * upper + 2 * cosine * sine * off + sine ** 2 * lower;
    diagonal[k + 1] = sine ** 2 * upper - 2 * cosine * sine * off + cosine ** 2 * lower;
    offDiagonal[k + 1] = cosine * sine * (lower - upper) + (cosine ** 2 - sine ** 2) * off;
    x = offDiagonal[k + 1]!;
    if (k + 1 < last) {
      z = sine * offDiagonal[k + 2]!;
      offDiagonal[k + 2]! *= cosine;
    }
  }
}
