/** `images`: originals, reconstructions and differences as PNG files. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { decode } from "fast-png";
import { join } from "node:path";
import { DataError, UsageError } from "../../../src/errors.ts";
import { toPixels } from "../../../src/metrics/psnr.ts";
import { errorColor } from "../../../src/report/error_map.ts";
import { type ImagesOptions, writeImages } from "../../../src/apply/codec/write_images.ts";
import { inTemporaryFolder } from "../../data/fixtures.ts";
import {
  code,
  codecFile,
  count,
  grayFile,
  images,
  length,
  side,
  writeColorFile,
} from "../../trained/codec_fixture.ts";
import { context } from "../../train/run_context.ts";

function options(data_path: string, save_path: string, changes: Partial<ImagesOptions> = {}): ImagesOptions {
  return {
    vqvae_file: codecFile,
    data_path,
    save_path,
    dataset: "toy",
    view: "all",
    split: "valid",
    count: 16,
    grid: false,
    overwrite: false,
    ...changes,
  };
}

async function readPng(...parts: string[]) {
  return decode(await Deno.readFile(join(...parts)), { checkCrc: true });
}

/** The names in a folder, sorted. */
async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

Deno.test("the files hold the pixels of originals, reconstructions and differences", async () => {
  await inTemporaryFolder(async (folder) => {
    const written = await writeImages(
      options(await writeColorFile(folder), join(folder, "out")),
      context(),
    );
    assertEquals(written.count, count);
    const { reconstruction } = await code(images, side);
    const plane = side * side;
    const sources = {
      original: toPixels(images, 3, plane),
      reconstruction: toPixels(reconstruction, 3, plane),
    };
    for (const [kind, pixels] of Object.entries(sources)) {
      const { data, width, height, channels } = await readPng(folder, "out", kind, "0005.png");
      assertEquals([width, height, channels], [side, side, 3]);
      const expected = Uint8Array.from(
        data,
        (_, at) => pixels[5 * length + (at % 3) * plane + Math.floor(at / 3)]!,
      );
      assertEquals(new Uint8Array(data), expected);
    }
    const { data } = await readPng(folder, "out", "difference", "0005.png");
    const at = 5 * length;
    const difference = [0, plane, 2 * plane].reduce(
      (sum, start) => sum + Math.abs(sources.original[at + start]! - sources.reconstruction[at + start]!) / 3,
      0,
    );
    assertEquals([...data.subarray(0, 3)], errorColor(written.factor * Math.fround(difference) / 255));
    const four = ["difference", "original", "reconstruction", "sheet"];
    assertEquals(await names(join(folder, "out")), four);
    for (const kind of four) assertEquals((await names(join(folder, "out", kind))).length, count);
  });
});

Deno.test("selected images keep their numbers, grey images stay grey, and a grid is written on request", async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, "out");
    await writeImages(options(grayFile, out, { indices: [499, 3], grid: true }), context());
    assertEquals(await names(join(out, "original")), ["0003.png", "0499.png"]);
    assertEquals((await readPng(out, "original", "0499.png")).channels, 1);
    assertEquals((await readPng(out, "difference", "0499.png")).channels, 3);
    assert((await readPng(out, "grid.png")).width > 512);
  });
});

Deno.test("files are replaced only with --overwrite, and nothing is written if an option is wrong", async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, "out");
    const refuse = async (
      changes: Partial<ImagesOptions>,
      kind: typeof UsageError | typeof DataError,
      text: string,
    ) => {
      const run = () => writeImages(options(grayFile, out, { count: 2, ...changes }), context());
      const error = await assertRejects(run, kind, text);
      assert(!error.message.includes("\n"));
    };
    await refuse({ indices: [3, 500] }, UsageError, `--indices 500: ${grayFile} holds images 0 to 499`);
    await refuse(
      { count: 65, grid: true },
      UsageError,
      "--grid: shows at most 64 images, but 65 are selected",
    );
    await refuse({ vqvae_file: grayFile }, DataError, grayFile);
    assertEquals(await names(folder), []);
    await writeImages(options(grayFile, out, { count: 1 }), context());
    const before = await Deno.readFile(join(out, "sheet", "0000.png"));
    await refuse(
      {},
      DataError,
      `${join(out, "original", "0000.png")}: already exists; --overwrite replaces it`,
    );
    assertEquals(await names(join(out, "original")), ["0000.png"]);
    await writeImages(options(grayFile, out, { count: 1, overwrite: true }), context());
    assertEquals(await Deno.readFile(join(out, "sheet", "0000.png")), before);
  });
});
