/** Assigns values to buffers: a buffer is reused as soon as nothing reads its value any more. */

/** A value in memory, needed from one dispatch to another. */
export interface Lifetime {
  bytes: number;
  /** The index of the first dispatch that uses it. */
  first: number;
  /** The index of the last dispatch that uses it. */
  last: number;
}

/**
 * Assigns each lifetime a buffer, so that no two that overlap share one. Returns each lifetime's buffer and the
 * buffers' sizes.
 *
 * The largest come first, so that smaller ones find room in their buffers: "greedy by size" in Pisarchyk and Lee 2020,
 * "Efficient Memory Management for Deep Neural Net Inference".
 */
export function assignBuffers(lifetimes: readonly Lifetime[]): { buffer: number[]; sizes: number[] } {
  const order = lifetimes.map((_, index) => index)
    .sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || lifetimes[a]!.first - lifetimes[b]!.first);
  const tenants: Lifetime[][] = [];
  const sizes: number[] = [];
  const buffer = new Array<number>(lifetimes.length);
  for (const index of order) {
    const lifetime = lifetimes[index]!;
    const free = tenants.findIndex((others) =>
      others.every((other) => other.last < lifetime.first || lifetime.last < other.first)
    );
    const chosen = free >= 0 ? free : tenants.length;
    if (free < 0) {
      tenants.push([]);
      sizes.push(lifetime.bytes);
    }
    tenants[chosen]!.push(lifetime);
    buffer[index] = chosen;
  }
  return { buffer, sizes };
}
