/** Grids of images. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { comparison, type GridOptions, imageGrid, type Picture } from "../../src/report/grid.ts";

const gray: GridOptions = { channels: 1, height: 2, width: 2, mean: [0.5], std: [0.25] };

/** The channels of the pixel at (x, y). */
function pixel(picture: Picture, x: number, y: number): number[] {
  const start = (y * picture.width + x) * picture.channels;
  return [...picture.data.subarray(start, start + picture.channels)];
}

Deno.test("imageGrid undoes the normalisation and clamps", () => {
  const picture = imageGrid(Float32Array.of(-2, 0, 2, 9), { ...gray, columns: 1 });
  assertEquals([picture.width, picture.height, picture.channels], [600, 600, 1]);
  const [near, far] = [10, picture.width - 10];
  assertEquals([pixel(picture, near, near), pixel(picture, far, near)], [[0], [128]]);
  assertEquals([pixel(picture, near, far), pixel(picture, far, far)], [[255], [255]]);
});

Deno.test("imageGrid draws NaN as black", () => {
  assertEquals(pixel(imageGrid(new Float32Array(4).fill(NaN), gray), 300, 300), [0]);
});

Deno.test("imageGrid interleaves channels", () => {
  const image = Float32Array.of(1, 0, 0, 1, 0.2, 0.2);
  const options = { channels: 3, height: 1, width: 2, mean: [0, 0, 0], std: [1, 1, 1] };
  const picture = imageGrid(image, options);
  assertEquals(pixel(picture, 10, 10), [255, 0, 51]);
  assertEquals(pixel(picture, picture.width - 10, 10), [0, 255, 51]);
});

Deno.test("imageGrid puts five images in a row; gaps and empty cells are black", () => {
  const white = new Float32Array(7 * 4).fill(2);
  const picture = imageGrid(white, gray);
  const cell = (picture.width - 2) / 5;
  assert(Number.isInteger(cell) && picture.width >= 600);
  assertEquals(picture.height, 2 + 2 * cell);
  const middle = (place: number) => 2 + Math.floor((place + 0.5) * cell);
  const isWhite = [0, 1, 2, 3, 4].map((column) => pixel(picture, middle(column), middle(1))[0] === 255);
  assertEquals(isWhite, [true, true, false, false, false]);
  assertEquals([pixel(picture, 0, 0), pixel(picture, 1 + cell, middle(0))], [[0], [0]]);
  // Each of the 7 images fills its cell except for the gap.
  assertEquals(picture.data.filter((value) => value === 255).length, 7 * (cell - 2) ** 2);
});

Deno.test("imageGrid does not enlarge large images", () => {
  const large = imageGrid(new Float32Array(2 * 300 * 400), { ...gray, height: 300, width: 400 });
  assertEquals([large.width, large.height], [2 + 2 * 402, 2 + 302]);
});

Deno.test("comparison puts each reconstruction below its original", () => {
  const images = (values: number[]) => Float32Array.from(values.flatMap((value) => Array(4).fill(value)));
  const picture = comparison(images([0.1, 0.2, 0.3]), images([0.6, 0.7, 0.8]), {
    ...gray,
    mean: [0],
    std: [1],
    columns: 2,
  });
  const [columnWidth, rowHeight] = [(picture.width - 2) / 2, (picture.height - 2) / 4];
  const seen = [0, 1, 2, 3].map((row) =>
    [0, 1].map((column) => pixel(picture, 20 + column * columnWidth, 20 + row * rowHeight)[0]! / 255)
  );
  assertEquals(seen.map((row) => row.map((value) => +value.toFixed(1))), [[0.1, 0.2], [0.6, 0.7], [0.3, 0], [
    0.8,
    0,
  ]]);
});

Deno.test("imageGrid and comparison refuse values that do not fit the shape", () => {
  assertThrows(
    () => imageGrid(new Float32Array(5), gray),
    RangeError,
    "5 values are not a whole number of images of 1×2×2",
  );
  assertThrows(() => imageGrid(new Float32Array(0), gray), RangeError, "0 values");
  assertThrows(() => imageGrid(new Float32Array(8), { ...gray, channels: 2 }), RangeError, "not 2");
  assertThrows(() => imageGrid(new Float32Array(12), { ...gray, channels: 3 }), RangeError, "not 1 and 1");
  assertThrows(
    () => comparison(new Float32Array(4), new Float32Array(8), gray),
    RangeError,
    "4 values of originals",
  );
});
