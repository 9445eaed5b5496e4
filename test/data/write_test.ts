import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fs from "node:fs";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { normalisationAttributes } from "../../src/data/normalisation.ts";
import { type ImageFileOptions, ImageFileWriter } from "../../src/data/write.ts";
import { DataError } from "../../src/errors.ts";
import { normalArray } from "../../src/random.ts";
import { firstIndices, inTemporaryFolder } from "./fixtures.ts";

const options: ImageFileOptions = {
  shape: [3, 4, 5],
  labelCount: 2,
  gzip: 4,
  attributes: { ...normalisationAttributes, size: 5, names: ["eins", "zwei", "drei – ü"] },
};

async function writeTwoBatches(path: string, changes: Partial<ImageFileOptions> = {}): Promise<void> {
  const writer = await ImageFileWriter.create(path, { ...options, ...changes });
  writer.append(normalArray(1, 3 * 60), Float32Array.of(0, 1, 0.5, 0, 1, 1));
  writer.append(normalArray(2, 2 * 60), Float32Array.of(1, 0, 0, 0));
  await writer.finish();
}

Deno.test("images, labels and attributes can be read back", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const gzip of [undefined, 4]) {
      const path = `${folder}/${gzip}.hdf5`;
      await writeTwoBatches(path, { gzip });
      const file = await DataFile.open(path, { labels: true });
      assertEquals(file.info.dtype, "float32");
      assertEquals([file.info.count, file.info.channels, file.info.height, file.info.width], [5, 3, 4, 5]);
      const images = [...normalArray(1, 180), ...normalArray(2, 120)];
      assertEquals(file.readImages(firstIndices(5)), Float32Array.from(images));
      assertEquals(file.readLabels(firstIndices(5)), Float32Array.of(0, 1, 0.5, 0, 1, 1, 1, 0, 0, 0));
      const { mean, std, size, names } = file.info.attributes;
      assertEquals([mean, std, size], [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 5]);
      assertEquals(names, ["eins", "zwei", "drei – ü"]);
      file.close();
    }
  });
});

Deno.test("equal images give equal bytes at any time", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeTwoBatches(`${folder}/first.hdf5`);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await writeTwoBatches(`${folder}/second.hdf5`);
    assertEquals(await Deno.readFile(`${folder}/second.hdf5`), await Deno.readFile(`${folder}/first.hdf5`));
    assertEquals(Date.now() > 1e12, true);
  });
});

Deno.test("a file has its final name only after finish", async () => {
  await inTemporaryFolder(async (folder) => {
    const writer = await ImageFileWriter.create(`${folder}/a.hdf5`, options);
    writer.append(new Float32Array(60), new Float32Array(2));
    const names = () => [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(names().includes("a.hdf5"), false);
    writer.abort();
    assertEquals(names(), []);
    await writeTwoBatches(`${folder}/a.hdf5`);
    assertEquals(names(), ["a.hdf5"]);
  });
});

Deno.test("append refuses images and labels of the wrong size", async () => {
  await inTemporaryFolder(async (folder) => {
    const writer = await ImageFileWriter.create(`${folder}/a.hdf5`, options);
    for (const [pixels, labels] of [[61, 2], [60, 1], [120, 2]] as const) {
      const append = () => writer.append(new Float32Array(pixels), new Float32Array(labels));
      const error = assertThrows(append, DataError);
      assertEquals(
        error.message,
        `${folder}/a.hdf5: ${pixels} pixels and ${labels} labels, expected 60 and 2 for each image`,
      );
    }
    writer.abort();
  });
});

Deno.test("finish does not overwrite a folder and leaves no other file", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a.hdf5`);
    await assertRejects(
      () => writeTwoBatches(`${folder}/a.hdf5`),
      DataError,
      `${folder}/a.hdf5: cannot write: it is a folder`,
    );
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.hdf5"]);
  });
});

Deno.test("a full disk is reported, although the HDF5 library ignores it", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/a.hdf5`;
    const writer = await ImageFileWriter.create(path, { shape: [3, 64, 64], labelCount: 0 });
    const { writeSync } = fs;
    let room = 100_000;
    // Imitates a full disk.
    fs.writeSync = ((descriptor: number, bytes: Int8Array, offset: number, length: number, place: number) => {
      room -= length;
      if (room < 0) throw Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
      return writeSync(descriptor, bytes, offset, length, place);
    }) as typeof writeSync;
    try {
      const writeAll = async () => {
        for (let image = 0; image < 9; image++) writer.append(new Float32Array(3 * 64 * 64).fill(image));
        await writer.finish();
      };
      const error = await assertRejects(writeAll, DataError);
      assertEquals(error.message, `${path}: writing failed, the disk may be full`);
    } finally {
      fs.writeSync = writeSync;
    }
    writer.abort();
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("create names a path that cannot be written", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/missing/a.hdf5`;
    const error = await assertRejects(() => ImageFileWriter.create(path, options), DataError);
    assertEquals(
      error.message,
      `${path}: cannot be written; expected a path in an existing, writable folder`,
    );
  });
});
