import { assert, assertEquals, assertThrows } from "@std/assert";
import { integerNormalisation, requireFinite, writeIntegers } from "../../src/data/pixels.ts";
import { DataError } from "../../src/errors.ts";

Deno.test("writeIntegers gives (pixel / largest - mean) / deviation", () => {
  for (
    const [dtype, largest, pixels] of [
      ["uint8", 255, Uint8Array.from({ length: 255 }, (_, index) => index + 1)],
      ["uint16", 65535, Uint16Array.from({ length: 257 }, (_, index) => index * 255)],
    ] as const
  ) {
    const plane = pixels.length;
    const image = new Float32Array(3 * plane);
    writeIntegers(pixels, image, plane, integerNormalisation(dtype, 3)!);
    image.forEach((value, index) => {
      const channel = Math.floor(index / plane);
      const wanted = (pixels[index % plane]! / largest - [0.485, 0.456, 0.406][channel]!) /
        [0.229, 0.224, 0.225][channel]!;
      assert(Math.abs(value - wanted) < 1e-6, `${dtype} ${index}: ${value}, expected ${wanted}`);
    });
  }
});

Deno.test("writeIntegers keeps the pixels of each colour channel", () => {
  const by = integerNormalisation("uint8", 3)!;
  const [colour, gray] = [new Float32Array(15), new Float32Array(15)];
  const pixels = Uint8Array.from({ length: 15 }, (_, index) => 17 * index);
  writeIntegers(pixels, colour, 5, by);
  for (let channel = 0; channel < 3; channel++) {
    writeIntegers(pixels.subarray(5 * channel, 5 * channel + 5), gray, 5, by);
    const own = [5 * channel, 5 * channel + 5] as const;
    assertEquals(colour.slice(...own), gray.slice(...own));
  }
});

Deno.test("requireFinite finds NaN and Infinity of either sign anywhere and accepts other extremes", () => {
  const { MAX_VALUE, MIN_VALUE } = Number;
  const largest = new Float32Array(Uint32Array.of(0x7f7fffff).buffer)[0]!;
  requireFinite(Float32Array.of(0, -0, largest, -largest, 1e-45, MIN_VALUE), "value", () => "x");
  requireFinite(new Float32Array(0), "value", () => "x");
  const signalling = new Float32Array(Uint32Array.of(0x7f800001).buffer)[0]!;
  for (const bad of [NaN, -NaN, signalling, Infinity, -Infinity, MAX_VALUE]) {
    for (const index of [0, 3, 6]) {
      const values = new Float32Array(8).subarray(1);
      values[index] = bad;
      assertThrows(() => requireFinite(values, "label", () => "x"), DataError, `as label ${index}, expected`);
    }
  }
});
