import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { classNames } from "../../src/data/class_names.ts";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { firstIndices, inTemporaryFolder } from "../data/fixtures.ts";
import type { CreateOptions } from "../../src/create/options.ts";
import { create, names } from "./images.ts";

const fixtures = fileURLToPath(new URL("../data_files/npz/", import.meta.url));

const bare = {
  csv: undefined,
  label_columns: undefined,
  dataset: undefined,
  channels: 1,
  size: 4,
  dtype: "uint8",
} as const;

function run(folder: string, name: string, changes: Partial<CreateOptions> = {}) {
  return create(folder, { ...bare, data_path: fixtures + name, ...changes });
}

/** Pixels from 0 to 255 and labels of a file with one channel. */
async function read(path: string) {
  const file = await DataFile.open(path, { labels: "optional" });
  const indices = firstIndices(file.info.count);
  const pixels = Array.from(
    file.readImages(indices),
    (value) => Math.round((value * 0.226 + 0.449) * 255) + 0,
  );
  const labels = Array.from(file.readLabels(indices));
  file.close();
  return { pixels, labels, info: file.info };
}

/** The pixels of images that test/golden/make_npz.py writes. */
function expected(count: number, length: number, start: number): number[] {
  return Array.from(
    { length: count * length },
    (_, index) => (7 * Math.floor(index / length) + index % length + start) % 256,
  );
}

Deno.test("MedMNIST's files become a file for each split, with a label for each class", async () => {
  await inTemporaryFolder(async (folder) => {
    const { files, said } = await run(folder, "classes.npz");
    assertEquals(names(folder), [
      "classes_test_4_orig.hdf5",
      "classes_train_4_orig.hdf5",
      "classes_valid_4_orig.hdf5",
    ]);
    assertEquals(files.map(({ tally }) => tally.images), [5, 2, 3]);
    assertMatch(
      said[0]!,
      /classes\.npz: its labels are the numbers of 4 classes; each class becomes a label/,
    );
    for (const [split, count, start] of [["train", 5, 0], ["valid", 2, 100], ["test", 3, 200]] as const) {
      const { pixels, labels, info } = await read(`${folder}/out/classes_${split}_4_orig.hdf5`);
      assertEquals(pixels, expected(count, 16, start));
      assertEquals(
        labels,
        Array.from({ length: 4 * count }, (_, at) => Number(Math.floor(at / 4) % 4 === at % 4)),
      );
      assertEquals(classNames(info), ["0", "1", "2", "3"]);
    }
  });
});

Deno.test("labels that are 0 and 1 stay as they are, and images are padded and resized like others", async () => {
  await inTemporaryFolder(async (folder) => {
    const { said } = await run(folder, "binary.npz", { channels: 3, dtype: "float32", size: 8 });
    assertEquals(said, []);
    const { labels, info } = await read(`${folder}/out/binary_train_8_orig.hdf5`);
    assertEquals([labels, info.channels, info.height], [[0, 1, 0, 1, 0], 3, 8]);
    await run(folder, "several.npz", { size: 6 });
    const several = await read(`${folder}/out/several_test_6_orig.hdf5`);
    assertEquals([several.labels, several.pixels.slice(0, 7)], [[1, 0, 0, 0, 1, 0, 0, 0, 1], [
      ...new Array(6).fill(0),
      200,
    ]]);
    await run(folder, "deep_big_endian.npz");
    const deep = await read(`${folder}/out/deep_big_endian_valid_4_orig.hdf5`);
    assertEquals([deep.pixels, deep.labels], [expected(2, 16, 100), []]);
    const { files } = await run(folder, "keras.npz", { labels: false, dry_run: true });
    assertEquals(files.map(({ path, tally }) => [path.replace(folder, ""), tally.images]), [
      ["/out/keras_train_4_orig.hdf5", 5],
      ["/out/keras_test_4_orig.hdf5", 3],
    ]);
  });
});

Deno.test("files of other arrays, and options that they answer, are refused", async () => {
  await inTemporaryFolder(async (folder) => {
    const refused = async (name: string, message: RegExp) => {
      const error = await assertRejects(() => run(folder, name), DataError);
      assertMatch(error.message, message);
      assertEquals(names(folder), []);
    };
    await refused(
      "volumes.npz",
      /volumes\.npz: cannot read: "train_images" has type u1 and shape \[5, 4, 4, 4\]/,
    );
    await refused(
      "other.npz",
      /other\.npz: cannot read: its arrays are a, expected train_images, val_images/,
    );
    await refused("missing.npz", /missing\.npz: cannot read: no such file/);
    await assertRejects(() => run(folder, "classes.npz", { csv: "list.csv" }), UsageError);
    const bytes = await Deno.readFile(`${fixtures}classes.npz`);
    await run(folder, "classes.npz");
    const sound = await Promise.all(names(folder).map((name) => read(`${folder}/out/${name}`)));
    const wanted = sound.map(({ pixels, labels }) => [pixels, labels]);
    for (let place = 0; place < bytes.length; place += 20) {
      const damaged = bytes.slice();
      damaged[place] = damaged[place]! ^ 0x55;
      await Deno.writeFile(`${folder}/classes.npz`, damaged);
      const options = { ...bare, data_path: `${folder}/classes.npz`, overwrite: true };
      try {
        await create(folder, options);
      } catch (error) {
        assert(error instanceof DataError, String(error));
        continue;
      }
      // Bytes that change nothing, such as a time, may be damaged.
      const files = await Promise.all(names(folder).map((name) => read(`${folder}/out/${name}`)));
      assertEquals(files.map(({ pixels, labels }) => [pixels, labels]), wanted, `byte ${place}`);
    }
  });
});
