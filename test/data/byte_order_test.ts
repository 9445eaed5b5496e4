import { assertEquals } from "@std/assert";
import { swapBytes } from "../../src/data/byte_order.ts";

Deno.test("swapBytes reverses the bytes of numbers of every size", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => 251 - 7 * index);
  for (const elementBytes of [1, 2, 4, 8]) {
    const swapped = bytes.slice();
    swapBytes(swapped, elementBytes);
    const wanted = Array.from(bytes, (_, index) => {
      const byte = index % elementBytes;
      return bytes[index - byte + elementBytes - 1 - byte]!;
    });
    assertEquals([...swapped], wanted);
  }
});

Deno.test("swapBytes changes only the given bytes", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  swapBytes(bytes.subarray(8, 12), 2);
  assertEquals([...bytes], [1, 2, 3, 4, 5, 6, 7, 8, 10, 9, 12, 11, 13, 14, 15, 16]);
});
