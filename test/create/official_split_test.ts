import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { firstIndices } from "../data/fixtures.ts";
import { create, listed, names, withImages } from "./images.ts";
import { crc32, deflateSync } from "node:zlib";

async function pixelsOf(path: string): Promise<Float32Array> {
  const file = await DataFile.open(path);
  const images = file.readImages(firstIndices(file.info.count));
  file.close();
  return images;
}

Deno.test("a split column gives a file for each of train, valid and test", async () => {
  await withImages(async (folder) => {
    const splits = ["train", "val", "test"];
    const rows = listed.map(({ path }, index) => `"${path}",${splits[Math.floor(index / 4)]}`);
    await Deno.writeTextFile(`${folder}/list.csv`, ["path,split", ...rows].join("\n"));
    const { files, said } = await create(folder, { label_columns: undefined, split_column: "split" });
    assertEquals(files.map(({ tally }) => tally.images), [4, 4, 4]);
    assertEquals(names(folder), [
      "set_test_16_orig.hdf5",
      "set_train_16_orig.hdf5",
      "set_valid_16_orig.hdf5",
    ]);
    assertMatch(said[0]!, /patients have images in more than one of train, valid and test/);
  });
});

Deno.test("a list of test images leaves the other images to the share", async () => {
  await withImages(async (folder) => {
    await Deno.writeTextFile(`${folder}/test.txt`, `${listed[0]!.path}\n${listed[1]!.path}\n`);
    const { files } = await create(folder, { test_list: `${folder}/test.txt` });
    assertEquals(files.map(({ tally }) => tally.images).reduce((sum, count) => sum + count), 12);
    assertEquals(files.at(-1)!.tally.images, 2);
  });
});

Deno.test("a side without patients is an error that names the remedy, and options of tables need one", async () => {
  await withImages(async (folder) => {
    const none = await assertRejects(() => create(folder, { split: 0.999 }), DataError);
    assertEquals(
      none.message,
      "--split 0.999: all 6 patients are for training and none for validation; expected --split 1 for one file without " +
        "validation, another share, or another --seed",
    );
    assertEquals(names(folder), []);
    assertEquals((await create(folder, { split: 1 })).files.length, 1);
    const bare = { csv: undefined, label_columns: undefined, split_column: "split" };
    const error = await assertRejects(() => create(folder, bare), UsageError);
    assertEquals(error.message, "--split_column: needs --csv");
  });
});

/** A gray PNG of 16 bits, 2 by 1. */
function deepPng(samples: readonly [number, number]): Uint8Array<ArrayBuffer> {
  const chunk = (type: string, data: Uint8Array) => {
    const bytes = new Uint8Array(12 + data.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, data.length);
    bytes.set(new TextEncoder().encode(type), 4);
    bytes.set(data, 8);
    view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
    return bytes;
  };
  const header = Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 1, 16, 0, 0, 0, 0);
  const row = Uint8Array.of(0, ...samples.flatMap((sample) => [sample >> 8, sample & 255]));
  const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(row)), chunk("IEND", new Uint8Array(0))];
  return Uint8Array.from([signature, ...parts].flatMap((part) => [...part]));
}

Deno.test("12 bits in PNG files of 16 bits are said, and --max_value makes their largest value white", async () => {
  await withImages(async (folder) => {
    await Deno.writeFile(`${folder}/data/deep1.png`, deepPng([0, 4095]));
    await Deno.writeFile(`${folder}/data/deep2.png`, deepPng([1000, 2048]));
    await Deno.writeTextFile(`${folder}/list.csv`, "path\ndeep1.png\ndeep2.png\n");
    const options = { label_columns: undefined, split: 1, channels: 1, size: 2, overwrite: true } as const;
    const path = `${folder}/out/set_train_2_orig.hdf5`;
    const dark = await create(folder, options);
    assertEquals(dark.said, [
      "the largest sample in all 2 files of 16 bits is 4095 of 65535, as in pixels of 12 bits, and 65535 is white; " +
      "if 4095 is white, use --max_value 4095",
    ]);
    assert((await pixelsOf(path)).every((value) => value * 0.226 + 0.449 < 0.07));
    const bright = await create(folder, { ...options, max_value: 4095 });
    assertEquals(bright.said, []);
    const largest = (await pixelsOf(path)).reduce((most, value) => Math.max(most, value));
    assert(Math.abs(largest * 0.226 + 0.449 - 1) < 1e-6);
    const { said, skipped } = await create(folder, { ...options, max_value: 2048 });
    assertEquals(skipped, 1);
    assertMatch(said[0]!, /deep1\.png: it has a sample of 4095, more than --max_value 2048; skipped$/);
  });
});
