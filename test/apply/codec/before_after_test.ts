/** Codecs compared before and after training. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { decodePng } from "../../../src/io/png.ts";
import { meanSquaredError, psnr, toPixels } from "../../../src/metrics/psnr.ts";
import { compareBeforeAfter } from "../../../src/apply/codec/before_after.ts";
import { inTemporaryFolder } from "../../data/fixtures.ts";
import { code, codecFile, count, images, length, side, writeColorFile } from "../../trained/codec_fixture.ts";

Deno.test("the PSNR is the mean over all images, and the picture shows originals above reconstructions", async () => {
  await inTemporaryFolder(async (folder) => {
    const picture = join(folder, "comparison.png");
    await writeColorFile(folder);
    const data = { data_path: folder, dataset: "toy", view: "all", size: side };
    const result = await compareBeforeAfter({ ...data, checkpoint: codecFile, seed: 816, picture });
    const { reconstruction } = await code(images, side);
    const [original, decoded] = [images, reconstruction].map((values) => toPixels(values, 3, side * side));
    let sum = 0;
    for (let start = 0; start < count * length; start += length) {
      const pair = [original!, decoded!].map((pixels) => pixels.subarray(start, start + length));
      sum += psnr(meanSquaredError(pair[0]!, pair[1]!));
    }
    assertEquals([result.images, result.psnr.after], [count, sum / count]);
    assert(Number.isFinite(result.psnr.before) && result.psnr.before !== result.psnr.after);
    // Six bits for each of 1/16 + 1/64 indices a pixel; three values a pixel.
    assertEquals([result.bitsPerPixel, result.valuesPerIndex], [6 * 5 / 64, 3 * 64 / 5]);
    const { width, height } = decodePng(await Deno.readFile(picture));
    assert(width > height, `${width} by ${height}`);
  });
});
