/** The assignment of lifetimes to buffers. */

import { assert, assertEquals } from "@std/assert";
import { assignBuffers, type Lifetime } from "../../src/plan/memory.ts";
import { randomBits } from "../../src/random.ts";

function randomLifetimes(key: number): Lifetime[] {
  let counter = 0;
  const next = (limit: number) => randomBits(key, counter++) % limit;
  return Array.from({ length: 1 + next(60) }, () => {
    const first = next(40);
    return { bytes: 16 * (1 + next(next(2) ? 8 : 1000)), first, last: first + next(12) };
  });
}

function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}

Deno.test("live values never share a buffer, every value fits in its own, and no buffer is larger than its largest", () => {
  for (let key = 0; key < 500; key++) {
    const lifetimes = randomLifetimes(key);
    const { buffer, sizes } = assignBuffers(lifetimes);
    assertEquals(buffer.length, lifetimes.length);
    lifetimes.forEach((one, index) => {
      assert(one.bytes <= sizes[buffer[index]!]!, `run ${key}: value ${index} does not fit`);
      lifetimes.slice(0, index).forEach((other, at) =>
        assert(buffer[at] !== buffer[index] || !overlap(one, other), `run ${key}: ${at} and ${index} overlap`)
      );
    });
    const largest = sizes.map((_, chosen) =>
      Math.max(...lifetimes.filter((_, index) => buffer[index] === chosen).map(({ bytes }) => bytes))
    );
    assertEquals(sizes, largest);
  }
});

Deno.test("all buffers together are at least as large as what is alive at once, and at most as all values", () => {
  for (let key = 0; key < 200; key++) {
    const lifetimes = randomLifetimes(key);
    const total = assignBuffers(lifetimes).sizes.reduce((sum, bytes) => sum + bytes, 0);
    const alive = Array.from(
      { length: 52 },
      (_, step) =>
        lifetimes.filter(({ first, last }) => first <= step && step <= last)
          .reduce((sum, { bytes }) => sum + bytes, 0),
    );
    assert(total >= Math.max(...alive));
    assert(total <= lifetimes.reduce((sum, { bytes }) => sum + bytes, 0));
  }
});

Deno.test("a chain of values needs two buffers, and a value that ends where the next begins keeps its own", () => {
  const chain = Array.from({ length: 10 }, (_, step) => ({ bytes: 64, first: step, last: step + 1 }));
  const { buffer, sizes } = assignBuffers(chain);
  assertEquals(sizes, [64, 64]);
  assertEquals(buffer, chain.map((_, index) => index % 2));
});

Deno.test("values that are never alive together share the largest one's buffer", () => {
  const lifetimes = [16, 256, 64].map((bytes, first) => ({ bytes, first, last: first }));
  assertEquals(assignBuffers(lifetimes), { buffer: [0, 0, 0], sizes: [256] });
});

Deno.test("no lifetimes need no buffers, and the same lifetimes get the same buffers", () => {
  assertEquals(assignBuffers([]), { buffer: [], sizes: [] });
  assertEquals(assignBuffers(randomLifetimes(7)), assignBuffers(randomLifetimes(7)));
});
