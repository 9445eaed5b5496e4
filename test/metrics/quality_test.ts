/** Measures of pictures, compared with scikit-image. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { multiscaleSimilarity, scalesFor } from "../../src/metrics/ms_ssim.ts";
import { meanAbsoluteError, meanSquaredError, psnr, toPixels } from "../../src/metrics/psnr.ts";
import { structuralSimilarity } from "../../src/metrics/ssim.ts";
import { makePair, readQualityGoldens } from "./pictures.ts";

const { pictures } = await readQualityGoldens();

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

for (const golden of pictures) {
  Deno.test(`SSIM, MS-SSIM, PSNR and absolute error equal scikit-image's: ${golden.name}`, () => {
    const [first, second] = makePair(golden);
    const { similarity, contrast } = structuralSimilarity(first, second, golden);
    assertNear(similarity, golden.ssim, 1e-9);
    assertNear(contrast, golden.contrast, 1e-9);
    const { ssim, msSsim } = multiscaleSimilarity(first, second, golden);
    assertEquals(ssim, similarity);
    assertNear(msSsim, golden.ms_ssim, 1e-9);
    assertEquals(scalesFor(golden), golden.scales);
    assertEquals(meanAbsoluteError(first, second), golden.absolute_error);
    const decibels = psnr(meanSquaredError(first, second));
    if (golden.psnr === null) assertEquals(decibels, Infinity);
    else assertNear(decibels, golden.psnr, 1e-12);
  });
}

Deno.test("the goldens cover every number of scales and both ends of the range", () => {
  assertEquals(new Set(pictures.map(({ scales }) => scales)), new Set([1, 2, 3, 4, 5]));
  assert(pictures.some(({ ssim }) => ssim < -0.5) && pictures.some(({ ms_ssim }) => ms_ssim === 0));
  assert(pictures.some(({ ssim }) => ssim === 1));
});

Deno.test("structuralSimilarity refuses pictures smaller than the window", () => {
  const pixels = new Uint8ClampedArray(10 * 64);
  assertThrows(() => structuralSimilarity(pixels, pixels, { height: 10, width: 64 }), RangeError, "10 by 64");
  assertEquals(scalesFor({ height: 10, width: 64 }), 0);
});

Deno.test("toPixels undoes the normalisation of one channel, and refuses two channels", () => {
  const levels = [0, 1, 100, 254, 255];
  const normalised = Float32Array.from(levels, (level) => (level / 255 - 0.449) / 0.226);
  assertEquals([...toPixels(normalised, 1, levels.length)], levels);
  assertThrows(() => toPixels(new Float32Array(4), 2, 2), RangeError, "1 or 3 channels");
});
