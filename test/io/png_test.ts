/** PNG files, compared with an independent decoder. */

import { assertEquals, assertThrows } from "@std/assert";
import { crc32, inflateSync } from "node:zlib";
import { DataError } from "../../src/errors.ts";
import { decodePng, encodePng, type PngImage } from "../../src/io/png.ts";
import { randomBits } from "../../src/random.ts";

function image(width: number, height: number, channels: 1 | 3): PngImage {
  const data = Uint8Array.from({ length: width * height * channels }, (_, index) => randomBits(7, index));
  return { width, height, channels, data };
}

/** An independent PNG decoder, after the specification: chunks with checksums, zlib, and each row's filter. */
function decodeBySpecification(bytes: Uint8Array): { header: number[]; data: Uint8Array } {
  assertEquals([...bytes.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: [string, Uint8Array][] = [];
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    assertEquals(view.getUint32(at + 8 + length), crc32(bytes.subarray(at + 4, at + 8 + length)));
    chunks.push([
      String.fromCharCode(...bytes.subarray(at + 4, at + 8)),
      bytes.subarray(at + 8, at + 8 + length),
    ]);
    at += 12 + length;
  }
  assertEquals([chunks[0]![0], chunks.at(-1)![0]], ["IHDR", "IEND"]);
  const fields = new DataView(chunks[0]![1].slice().buffer);
  const [width, height] = [fields.getUint32(0), fields.getUint32(4)];
  const channels = fields.getUint8(9) === 2 ? 3 : 1;
  const packed = chunks.filter(([name]) => name === "IDAT").flatMap(([, content]) => [...content]);
  const rows = inflateSync(Uint8Array.from(packed));
  const stride = width * channels;
  assertEquals(rows.length, height * (stride + 1));
  const data = new Uint8Array(height * stride);
  for (let row = 0; row < height; row++) {
    const filter = rows[row * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : data[row * stride + x - channels]!;
      const above = row === 0 ? 0 : data[(row - 1) * stride + x]!;
      const corner = row === 0 || x < channels ? 0 : data[(row - 1) * stride + x - channels]!;
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter]!;
      data[row * stride + x] = rows[row * (stride + 1) + 1 + x]! + guess;
    }
  }
  return { header: [width, height, ...chunks[0]![1].subarray(8)], data };
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

for (const [width, height, channels] of [[1, 1, 1], [5, 3, 3], [17, 9, 1], [64, 64, 3]] as const) {
  Deno.test(`encodePng: ${width}×${height} with ${channels} channels, decoded after the specification and by decodePng`, () => {
    const original = image(width, height, channels);
    const bytes = encodePng(original);
    const { header, data } = decodeBySpecification(bytes);
    // Width, height, depth, colour type, compression, filtering, interlacing.
    assertEquals(header, [width, height, 8, channels === 3 ? 2 : 0, 0, 0, 0]);
    assertEquals(data, original.data);
    assertEquals({ ...decodePng(bytes), data: Uint8Array.from(decodePng(bytes).data) }, original);
    assertEquals(encodePng(image(width, height, channels)), bytes);
  });
}

Deno.test("encodePng and decodePng: refuse anything but an image", () => {
  assertThrows(
    () => encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(4) }),
    RangeError,
    "4 bytes",
  );
  assertThrows(() => encodePng({ width: 0, height: 0, channels: 1, data: new Uint8Array() }), RangeError);
  const bytes = encodePng(image(8, 8, 3));
  for (const content of [new Uint8Array(), Uint8Array.of(1, 2, 3), bytes.subarray(0, 40)]) {
    assertThrows(() => decodePng(content), DataError, "it is not a PNG file");
  }
});
