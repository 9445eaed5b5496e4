/** Codebook statistics and compression rates. */

import { assert, assertEquals } from "@std/assert";
import { CodeCounts } from "../../src/metrics/codes.ts";
import { type Compressed, compression } from "../../src/metrics/compression.ts";

function counted(size: number, ...codes: number[]): CodeCounts {
  const counts = new CodeCounts(size);
  counts.add(Uint32Array.from(codes));
  return counts;
}

function assertNear(actual: number, expected: number): void {
  assert(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
}

Deno.test("the perplexity of equally frequent codes is their number, over several batches too", () => {
  const counts = counted(8, 1, 1, 3, 3);
  counts.add(Uint32Array.of(5, 5, 7, 7));
  assertEquals([counts.total, counts.used, counts.entropy, counts.perplexity], [8, 4, 2, 4]);
});

Deno.test("perplexity is exp(entropy in nats)", () => {
  const shares = [0.5, 0.3, 0.2];
  const nats = -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
  assertNear(counted(4, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2).perplexity, Math.exp(nats));
  assertEquals(counted(4, 2, 2, 2).perplexity, 1);
});

Deno.test("compression in values per index and in bits per pixel", () => {
  // Two gray images of 4 by 4, uint16 in the file, three channels for the codec; 4 bottom codes and 1 top code each.
  const of: Compressed = {
    images: 2,
    pixels: 16,
    values: 48,
    sourceBits: 16,
    sourceChannels: 1,
    pictureChannels: 1,
    books: [counted(6, 4, 5), counted(6, 0, 0, 0, 0, 1, 1, 1, 1)],
  };
  const result = compression(of);
  assertEquals(result.valuesPerIndex, 9.6);
  assertEquals(result.plainBitsPerPixel, 10 * 3 / 32);
  assertNear(result.orderZeroBitsPerPixel, 10 / 32);
  assertEquals([result.sourceBitsPerPixel, result.pictureBitsPerPixel], [16, 8]);
});

Deno.test("a codebook of one code takes one bit for each index, and none with an entropy coder", () => {
  const of = { images: 1, pixels: 4, values: 4, sourceBits: 8, sourceChannels: 1, pictureChannels: 1 };
  const result = compression({ ...of, books: [counted(1, 0)] });
  assertEquals([result.plainBitsPerPixel, result.orderZeroBitsPerPixel], [0.25, 0]);
});
