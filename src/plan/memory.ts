/** Lifetimes to buffers: a buffer is used again as soon as nothing reads what it held. */

/** Memory that is needed from one dispatch to another, both included. */
export interface Lifetime {
  bytes: number;
  first: number;
  last: number;
}

/**
 * Assigns each lifetime a buffer; two that overlap never share one. Returns each lifetime's buffer and the buffers' sizes.
 * Goes by falling size, so that large buffers come first and small values find room in them (as in "Efficient Memory
 * Management for Deep Neural Net Inference", Pisarchyk and Lee 2020, greedy by size).
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
