import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { openVqr } from "../../src/vqr/decode.ts";
import { encodeVqr } from "../../src/vqr/encode.ts";
import { sampleRange, type VqrImage } from "../../src/vqr/image.ts";
import { makeImage } from "./images.ts";

const cases: [string, VqrImage][] = [
  ["1×1", makeImage({ width: 1, height: 1 })],
  ["1×1, 16 bits, signed, RGB", makeImage({ width: 1, height: 1, bits: 16, signed: true, channels: 3 })],
  ["1×50", makeImage({ width: 1, height: 50 })],
  ["50×1", makeImage({ width: 50, height: 1 })],
  ["2×3, 1 bit", makeImage({ width: 2, height: 3, bits: 1 })],
  ["61×47", makeImage({ width: 61, height: 47 })],
  ["61×47, signed", makeImage({ width: 61, height: 47, signed: true })],
  ["61×47, 10 bits", makeImage({ width: 61, height: 47, bits: 10 })],
  ["61×47, 12 bits, signed", makeImage({ width: 61, height: 47, bits: 12, signed: true })],
  ["61×47, 16 bits", makeImage({ width: 61, height: 47, bits: 16 })],
  ["61×47, noise of 16 bits, signed", makeImage({ width: 61, height: 47, bits: 16, signed: true }, 1)],
  ["noise of 16 bits in RGB", makeImage({ width: 33, height: 31, bits: 16, channels: 3 }, 1)],
  ["64×64, noise of 8 bits", makeImage({ width: 64, height: 64 }, 1)],
  ["33×29, RGB", makeImage({ width: 33, height: 29, channels: 3 })],
  ["33×29, gray and alpha", makeImage({ width: 33, height: 29, channels: 2 })],
  ["33×29, RGB and alpha, 16 bits", makeImage({ width: 33, height: 29, channels: 4, bits: 16 })],
  ["17×19, 5 frames, 12 bits", makeImage({ width: 17, height: 19, frames: 5, bits: 12 })],
];

for (const effort of ["fast", "best"] as const) {
  for (const [name, image] of cases) {
    Deno.test(`lossless, ${effort}: ${name}`, async () => {
      const file = await encodeVqr(image, { effort, tileSize: 32 });
      assertEquals(await openVqr(file).decode(), image);
    });
    Deno.test(`bounded, ${effort}: ${name}`, async () => {
      const [least, most] = sampleRange(image.bits, image.signed);
      for (const maxError of [1, 2, 3, 200]) {
        const file = await encodeVqr(image, { effort, tileSize: 32, maxError });
        const { pixels } = await openVqr(file).decode();
        image.pixels.forEach((value, i) => assert(Math.abs(value - pixels[i]!) <= maxError));
        pixels.forEach((value) => assert(value >= least && value <= most));
      }
    });
  }
}

Deno.test("the bound holds where samples lie at the ends of the range", async () => {
  const image = makeImage({ width: 40, height: 40 });
  image.pixels.forEach((_, i) => image.pixels[i] = (i * 7919) % 11 < 5 ? i % 3 : 255 - i % 3);
  for (const maxError of [1, 5, 127, 300]) {
    const { pixels } = await openVqr(await encodeVqr(image, { maxError, effort: "best" })).decode();
    image.pixels.forEach((value, i) => assert(Math.abs(value - pixels[i]!) <= maxError));
  }
});

Deno.test("frames and tiles decoded by themselves are those of the whole image", async () => {
  const image = makeImage({ width: 50, height: 41, frames: 3, channels: 3, bits: 10 });
  const file = openVqr(await encodeVqr(image, { tileSize: 16 }));
  assertEquals(file.tileCount, 12);
  const size = 50 * 41 * 3;
  for (const frame of [2, 0, 1]) {
    const { pixels } = await file.decodeFrame(frame);
    assertEquals(pixels, image.pixels.slice(frame * size, (frame + 1) * size));
  }
  // The tile at column 3 and row 2, the smallest.
  const tile = await file.decodeTile(1, 11);
  assertEquals([tile.width, tile.height], [2, 9]);
  for (let y = 0; y < 9; y++) {
    const from = size + ((32 + y) * 50 + 48) * 3;
    assertEquals(tile.pixels.slice(y * 6, y * 6 + 6), image.pixels.slice(from, from + 6));
  }
  await assertRejects(() => file.decodeTile(3, 0), DataError, "no tile 0 in frame 3");
  await assertRejects(() => file.decodeTile(0, 12), DataError, "no tile 12 in frame 0");
});

Deno.test("constant images take a few bytes, whatever their size", async () => {
  const image = makeImage({ width: 1000, height: 1000, bits: 12 });
  image.pixels.fill(1234);
  const file = await encodeVqr(image);
  assert(file.length < 90, `${file.length} bytes`);
  assertEquals((await openVqr(file).decode()).pixels, image.pixels);
});

Deno.test("unused levels cost nothing", async () => {
  const image = makeImage({ width: 100, height: 100, bits: 9 });
  const dense = await encodeVqr(image);
  const sparse = { ...image, bits: 14, pixels: image.pixels.map((value) => value * 32 + 5) } as VqrImage;
  const file = await encodeVqr(sparse);
  assertEquals((await openVqr(file).decode()).pixels, sparse.pixels);
  assert(file.length < dense.length + 1100, `${file.length} and ${dense.length} bytes`);
});

Deno.test("noise takes hardly more than its bits", async () => {
  const image = makeImage({ width: 64, height: 64, bits: 16 }, 1);
  assert((await encodeVqr(image)).length < 64 * 64 * 2 + 90);
});

Deno.test("metadata is kept", async () => {
  const metadata = [{ type: "application/dicom+json", bytes: new TextEncoder().encode("{}") }];
  const file = openVqr(await encodeVqr(makeImage({ width: 3, height: 3 }), { metadata }));
  assertEquals(file.metadata().map(({ type, bytes }) => [type, [...bytes]]), [["application/dicom+json", [
    123,
    125,
  ]]]);
});

Deno.test("images that contradict themselves are refused", async () => {
  const image = makeImage({ width: 4, height: 4, bits: 10 });
  await assertRejects(() => encodeVqr({ ...image, width: 5 }), DataError, "expected 20");
  await assertRejects(() => encodeVqr({ ...image, bits: 8 }), DataError, "expected 16 in a Uint8Array");
  await assertRejects(() => encodeVqr({ ...image, bits: 9 }), DataError, "expected 0 to 511");
  await assertRejects(() => encodeVqr(image, { maxError: -1 }), DataError, "largest error -1");
  assertThrows(() => openVqr(new Uint8Array(0)), DataError, "it is not a .vqr file");
});
