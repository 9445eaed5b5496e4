/** A checksum of weights that does not depend on the format of their file. */

import type { ModelWeights } from "./network.ts";

/**
 * SHA-256, hexadecimal, over each key and its values in the order of the keys.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const checksum = await weightsChecksum(new Map([["b", Float32Array.of(1)], ["a", Float32Array.of(2, 3)]]));
 * assertEquals(checksum.length, 64);
 * assertEquals(checksum, await weightsChecksum(new Map([["a", Float32Array.of(2, 3)], ["b", Float32Array.of(1)]])));
 * ```
 */
export async function weightsChecksum(weights: ModelWeights): Promise<string> {
  const encoder = new TextEncoder();
  const parts = [...weights.keys()].sort().flatMap((key) => {
    const { buffer, byteOffset, byteLength } = weights.get(key)!;
    return [encoder.encode(`${key}\0`), new Uint8Array(buffer, byteOffset, byteLength)];
  });
  const joined = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined)).toHex();
}
