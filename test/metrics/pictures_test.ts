/** The quality of reconstructed pictures, and summaries over many. */

import { assert, assertEquals } from "@std/assert";
import { imagenetDeviation, imagenetMean } from "../../src/data/normalisation.ts";
import { measurePicture, pixelPair, type Pixels, summariseQuality } from "../../src/metrics/pictures.ts";
import { structuralSimilarity } from "../../src/metrics/ssim.ts";
import { summarise } from "../../src/metrics/summary.ts";
import { makePair } from "./pictures.ts";

/** Pixel levels as a normalised image [C, 1, W]. */
function normalised(...channels: number[][]): Float32Array {
  return Float32Array.from(
    channels.flatMap((levels, channel) =>
      levels.map((level) => (level / 255 - imagenetMean[channel]!) / imagenetDeviation[channel]!)
    ),
  );
}

Deno.test("pixelPair: a gray picture has one channel, and its reconstruction is the mean of three", () => {
  const original = normalised([0, 100], [0, 100], [0, 100]);
  const reconstruction = normalised([3, 90], [6, 90], [10, 300]);
  const pair = pixelPair(original, reconstruction, [3, 1, 2]);
  assertEquals(pair.original, { channels: 1, height: 1, width: 2, data: Uint8ClampedArray.of(0, 100) });
  // 19 / 3 and (90 + 90 + 255) / 3: each channel is clamped before the mean is taken.
  assertEquals(pair.reconstruction.data, Uint8ClampedArray.of(6, 145));
});

Deno.test("pixelPair: one coloured pixel makes three channels, unless the caller sets their number", () => {
  const original = normalised([0, 100], [0, 100], [0, 101]);
  const pair = pixelPair(original, original, [3, 1, 2]);
  assertEquals(pair.original.channels, 3);
  assertEquals(pair.reconstruction.data, Uint8ClampedArray.of(0, 100, 0, 100, 0, 101));
  assertEquals(pixelPair(original, original, [3, 1, 2], 1).original.data, Uint8ClampedArray.of(0, 100));
  const gray = normalised([9], [9], [9]);
  assertEquals(pixelPair(gray, gray, [3, 1, 1], 3).original.data, Uint8ClampedArray.of(9, 9, 9));
});

Deno.test("measurePicture: SSIM is the mean over the channels, errors are over all pixels", () => {
  const sides = { height: 24, width: 30 };
  const changes = ["noise", "blocks", "darker"];
  const pairs = changes.map((change) => makePair({ name: change, change, ...sides }));
  const [original, reconstruction]: Pixels[] = [0, 1].map((which) => ({
    channels: 3,
    ...sides,
    data: Uint8ClampedArray.from(pairs.flatMap((pair) => [...pair[which]!])),
  }));
  const quality = measurePicture(original!, reconstruction!);
  const ssims = pairs.map(([first, second]) => structuralSimilarity(first, second, sides).similarity);
  assert(Math.abs(quality.ssim! - (ssims[0]! + ssims[1]! + ssims[2]!) / 3) < 1e-12);
  const one = measurePicture(
    { ...original!, channels: 1, data: pairs[0]![0] },
    { ...original!, channels: 1, data: pairs[0]![1] },
  );
  assertEquals(one.ssim, ssims[0]);
  assert(quality.absoluteError > one.absoluteError);
});

Deno.test("summariseQuality leaves out SSIM of small pictures and PSNR of equal ones", () => {
  const flat = (level: number): Pixels => ({
    channels: 1,
    height: 2,
    width: 2,
    data: new Uint8ClampedArray(4).fill(level),
  });
  const images = [measurePicture(flat(7), flat(7)), measurePicture(flat(10), flat(15))];
  const [equal] = images;
  assertEquals([equal!.psnr, equal!.ssim, equal!.msSsim, equal!.scales], [Infinity, null, null, 0]);
  const summary = summariseQuality(images);
  assertEquals([summary.images, summary.identical, summary.ssim], [2, 1, null]);
  const decibels = 10 * Math.log10(255 ** 2 / 25);
  assertEquals(summary.psnr, {
    mean: decibels,
    deviation: 0,
    least: decibels,
    median: decibels,
    most: decibels,
  });
  assertEquals(summary.overallPsnr, 10 * Math.log10(255 ** 2 / 12.5));
  assertEquals(summary.absoluteError?.mean, 2.5);
});

Deno.test("summarise: any order, odd and even counts, and none", () => {
  assertEquals(summarise([]), null);
  assertEquals(summarise([10, 2, 6, 4]), {
    mean: 5.5,
    deviation: Math.sqrt(35 / 3),
    least: 2,
    median: 5,
    most: 10,
  });
  assertEquals(summarise([3, 1, 100])!.median, 3);
});
