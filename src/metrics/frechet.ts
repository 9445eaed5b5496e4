/** The Fréchet distance between two sets of feature vectors. */

import { symmetricEigenvalues } from "./eigenvalues.ts";

/** The mean and the covariance of feature vectors that are added one by one. */
export class FeatureStatistics {
  /** The number of feature vectors added so far. */
  count = 0;
  private readonly sum: Float64Array;
  /** The feature vectors themselves, as long as there are at most `size` of them. After that, `products` is used. */
  private rows: Float64Array[] | undefined = [];
  /** The sum of x xᵀ over all feature vectors x, [size, size], lower triangle only. */
  private products: Float64Array | undefined;

  /** @param size the length of a feature vector */
  constructor(readonly size: number) {
    this.sum = new Float64Array(size);
  }

  /** Adds one feature vector, [size]. */
  add(features: ArrayLike<number>): void {
    const row = Float64Array.from(features);
    this.count++;
    for (let index = 0; index < this.size; index++) this.sum[index]! += row[index]!;
    if (this.rows && this.rows.length < this.size) {
      this.rows.push(row);
      return;
    }
    this.products ??= new Float64Array(this.size ** 2);
    for (const kept of this.rows ?? []) this.addProducts(kept);
    this.rows = undefined;
    this.addProducts(row);
  }

  /** The mean feature vector, [size]. */
  get mean(): Float64Array {
    return this.sum.map((value) => value / this.count);
  }

  /** A factor of the covariance S (divided by n − 1): at most `size` vectors a with S = Σ a aᵀ. */
  factor(): Float64Array[] {
    const { mean, count, size } = this;
    const scale = 1 / Math.sqrt(count - 1);
    if (this.rows) return this.rows.map((row) => row.map((value, index) => scale * (value - mean[index]!)));
    const covariance = new Float64Array(size ** 2);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        const at = row * size + column;
        covariance[at] = (this.products![at]! - count * mean[row]! * mean[column]!) / (count - 1);
      }
    }
    return cholesky(covariance, size);
  }

  /** Updates the lower triangle of `products`. */
  private addProducts(row: Float64Array): void {
    const { size } = this;
    for (let first = 0; first < size; first++) {
      const value = row[first]!;
      const start = first * size;
      for (let second = 0; second <= first; second++) this.products![start + second]! += value * row[second]!;
    }
  }
}

/**
 * The columns of a lower triangular L such that L Lᵀ is `matrix`, which must be positive semidefinite up to rounding.
 */
function cholesky(matrix: Float64Array, size: number): Float64Array[] {
  let trace = 0;
  for (let at = 0; at < size; at++) trace += matrix[at * size + at]!;
  const least = 1e-14 * trace / size;
  const columns = Array.from({ length: size }, () => new Float64Array(size));
  for (let row = 0; row < size; row++) {
    const start = row * size;
    for (let column = 0; column <= row; column++) {
      let value = matrix[start + column]!;
      const other = column * size;
      for (let at = 0; at < column; at++) value -= matrix[start + at]! * matrix[other + at]!;
      const pivot = column === row ? Math.sqrt(value > least ? value : 0) : matrix[other + column]!;
      matrix[start + column] = column === row ? pivot : pivot > 0 ? value / pivot : 0;
      columns[column]![row] = matrix[start + column]!;
    }
  }
  return columns;
}

/**
 * The Fréchet distance between two normal distributions with the means and covariances of two sets of feature vectors
 * (Dowson and Landau, "The Fréchet distance between multivariate normal distributions", 1982). With features of an
 * Inception network, it is the Fréchet inception distance, FID (Heusel et al., "GANs Trained by a Two Time-Scale
 * Update Rule Converge to a Local Nash Equilibrium", 2017):
 *
 * |μ₁ − μ₂|² + trace(S₁ + S₂ − 2 (S₁ S₂)^½)
 *
 * With S₁ = A Aᵀ and S₂ = B Bᵀ, the trace of the square root is the sum of the singular values of Aᵀ B, so the root
 * itself is not needed. All arithmetic is float64.
 *
 * @throws {RangeError} if either set has fewer than two feature vectors, or their lengths differ
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [first, second] = [new FeatureStatistics(1), new FeatureStatistics(1)];
 * for (const value of [-1, 0, 1]) {
 *   first.add([value]);
 *   second.add([value + 3]);
 * }
 * assertAlmostEquals(frechetDistance(first, second), 9);
 * ```
 */
export function frechetDistance(first: FeatureStatistics, second: FeatureStatistics): number {
  if (first.size !== second.size || Math.min(first.count, second.count) < 2) {
    throw new RangeError(
      "a Fréchet distance needs at least two feature vectors of each set, all of the same length",
    );
  }
  const [means, others] = [first.mean, second.mean];
  const meanDistance = means.reduce((sum, value, index) => sum + (value - others[index]!) ** 2, 0);
  const [a, b] = [first.factor(), second.factor()];
  const trace = (vectors: Float64Array[]) => vectors.reduce((sum, vector) => sum + dot(vector, vector), 0);
  return meanDistance + trace(a) + trace(b) - 2 * nuclearNorm(a, b);
}

/** The sum of the singular values of the matrix whose elements are the dot products of a vector of each set. */
function nuclearNorm(first: readonly Float64Array[], second: readonly Float64Array[]): number {
  const [many, few] = first.length < second.length ? [second, first] : [first, second];
  const rows = few.map((vector) => Float64Array.from(many, (other) => dot(vector, other)));
  const size = few.length;
  const gram = new Float64Array(size ** 2);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      gram[row * size + column] = gram[column * size + row] = dot(rows[row]!, rows[column]!);
    }
  }
  return symmetricEigenvalues(gram, size).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

function dot(first: Float64Array, second: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) sum += first[index]! * second[index]!;
  return sum;
}
