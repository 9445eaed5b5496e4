/** Statistics of how often the codes of a codebook are used. */

/**
 * Counts the codes of a codebook over any number of images.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const counts = new CodeCounts(512);
 * counts.add(Uint32Array.of(3, 3, 7, 7));
 * assertEquals([counts.used, counts.entropy, counts.perplexity], [2, 1, 2]);
 * ```
 */
export class CodeCounts {
  /** The number of occurrences of each code. */
  readonly counts: Float64Array;
  /** The sum of all counts. */
  total = 0;

  /** @param size the number of codes in the codebook */
  constructor(size: number) {
    this.counts = new Float64Array(size);
  }

  /** Counts codes, each from 0 to `size` − 1. */
  add(codes: Uint32Array): void {
    for (const code of codes) this.counts[code]!++;
    this.total += codes.length;
  }

  /** The number of codes that occurred at least once. */
  get used(): number {
    return this.counts.reduce((used, count) => used + Number(count > 0), 0);
  }

  /** The Shannon entropy of the codes' relative frequencies, in bits per code. */
  get entropy(): number {
    let sum = 0;
    for (const count of this.counts) if (count > 0) sum -= count / this.total * Math.log2(count / this.total);
    return sum;
  }

  /** 2 to the power of the entropy: the number of equally frequent codes that would have the same entropy. */
  get perplexity(): number {
    return 2 ** this.entropy;
  }
}
