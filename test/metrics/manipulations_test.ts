/** Manipulations of pictures; the swirl is compared with scikit-image's. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { manipulate, noiseDeviation, swirl } from "../../src/metrics/manipulations.ts";
import type { Pixels } from "../../src/metrics/pictures.ts";
import { makePicture, readQualityGoldens } from "./pictures.ts";

const { swirls } = await readQualityGoldens();

for (const { name, height, width, strength, radius, rows, columns } of swirls) {
  Deno.test(`a swirl equals scikit-image's: ${name}`, () => {
    const turned = swirl(makePicture(name, height, width), { height, width }, { strength, radius });
    const sums = { rows: new Float64Array(height), columns: new Float64Array(width) };
    turned.forEach((value, index) => {
      sums.rows[Math.floor(index / width)]! += value;
      sums.columns[index % width]! += value;
    });
    for (const [index, expected] of rows.entries()) assert(Math.abs(sums.rows[index]! - expected) < 1e-6);
    for (const [index, expected] of columns.entries()) {
      assert(Math.abs(sums.columns[index]! - expected) < 1e-6);
    }
  });
}

const side = 128;
const gray: Pixels = {
  channels: 1,
  height: side,
  width: side,
  data: new Uint8ClampedArray(side * side).fill(128),
};

Deno.test("noise has the expected standard deviation, depends on the key, and is equal in all channels", () => {
  const quiet = manipulate(gray, { name: "noise", strength: 0.25 }, 1).data;
  const differences = Array.from(quiet, (value) => value - 128);
  const deviation = Math.sqrt(differences.reduce((sum, value) => sum + value ** 2, 0) / quiet.length);
  assert(Math.abs(deviation - 255 * noiseDeviation / 4) < 0.5, `${deviation}`);
  assertEquals(manipulate(gray, { name: "noise", strength: 0.25 }, 1).data, quiet);
  assertNotEquals(manipulate(gray, { name: "noise", strength: 0.25 }, 2).data, quiet);
  const color: Pixels = { ...gray, channels: 3, data: new Uint8ClampedArray(3 * side * side).fill(128) };
  const noisy = manipulate(color, { name: "noise", strength: 0.25 }, 1).data;
  assertEquals(noisy, Uint8ClampedArray.from([...quiet, ...quiet, ...quiet]));
});

Deno.test("a block blackens pixels 75 to 112 of 128 in both directions, and nothing else", () => {
  const { data } = manipulate(gray, { name: "block", strength: 1 }, 1);
  data.forEach((value, index) => {
    const [y, x] = [Math.floor(index / side), index % side];
    const isIn = [y, x].every((place) => place >= 75 && place < 113);
    assertEquals(value, isIn ? 0 : 128, `row ${y}, column ${x}`);
  });
});

Deno.test("a block is cropped to the picture; the original is not modified", () => {
  const { data } = manipulate(gray, { name: "block", strength: 9 }, 1);
  assertEquals(data.filter((value) => value === 0).length, (side - 75) ** 2);
  assert(gray.data.every((value) => value === 128));
});
