/** How a codebook is used, from how often each of its codes was. */

/** Counts of a codebook's codes over any number of images. */
export class CodeCounts {
  readonly counts: Float64Array;
  /** Codes counted so far. */
  total = 0;

  /** @param size codes in the codebook */
  constructor(size: number) {
    this.counts = new Float64Array(size);
  }

  add(codes: Uint32Array): void {
    for (const code of codes) this.counts[code]!++;
    this.total += codes.length;
  }

  /** Codes that occurred at all. */
  get used(): number {
    return this.counts.reduce((used, count) => used + Number(count > 0), 0);
  }

  /** Shannon's entropy of the counts' shares, in bits a code. */
  get entropy(): number {
    let sum = 0;
    for (const count of this.counts) if (count > 0) sum -= count / this.total * Math.log2(count / this.total);
    return sum;
  }

  /** exp(entropy in nats): of how many codes, used equally often, the entropy would be the same. */
  get perplexity(): number {
    return 2 ** this.entropy;
  }
}
