import { assertEquals, assertThrows } from "@std/assert";
import { classNames } from "../../src/data/class_names.ts";
import { chexpertClasses, defaultClassNames } from "../../src/models/densenet/class_names.ts";
import { DataFile, type DatasetInfo } from "../../src/data/hdf5_file.ts";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError } from "../../src/errors.ts";
import { fixture, inTemporaryFolder } from "./fixtures.ts";

async function describe(path: string): Promise<DatasetInfo> {
  const file = await DataFile.open(path, { labels: true });
  file.close();
  return file.info;
}

Deno.test("classNames reads every kind of text that h5py writes", async (t) => {
  for (
    const [name, second] of [
      ["list", "Überhöhung"],
      ["fixed_list", "Edema"],
      ["null_padded_list", "Edema"],
      ["object_array", "Edema"],
      ["column", "Edema"],
      ["lines", "Edema"],
      ["commas", "Edema"],
    ] as const
  ) {
    await t.step(name, async () => {
      assertEquals(classNames(await describe(fixture(`class_names_${name}.h5`))), ["Lung Lesion", second]);
    });
  }
});

Deno.test("classNames is undefined for a file without the attribute", async () => {
  assertEquals(classNames(await describe(fixture("uint8_gzip.h5"))), undefined);
});

Deno.test("classNames refuses names that do not fit the labels, in one line", async (t) => {
  for (
    const [name, message] of [
      ["three", "holds 3 names, expected 2 different names, one for each label"],
      ["one", "holds 1 name, expected 2 different names, one for each label"],
      ["numbers", "does not hold text, expected 2 different names, one for each label"],
      ["twice", 'holds "Edema" twice, expected 2 different names, one for each label'],
      ["empty", "holds an empty name, expected 2 different names, one for each label"],
    ] as const
  ) {
    await t.step(name, async () => {
      const info = await describe(fixture(`class_names_${name}.h5`));
      const error = assertThrows(() => classNames(info), DataError);
      assertEquals(error.message, `${info.path}: the attribute "class_names" ${message}`);
    });
  }
});

Deno.test("a single text names a single label", async () => {
  const info = { ...await describe(fixture("class_names_one.h5")), labelCount: 1 };
  assertEquals(classNames(info), ["one"]);
  const error = assertThrows(
    () => classNames({ ...info, attributes: { class_names: ["a", "b"] } }),
    DataError,
  );
  assertEquals(
    error.message,
    `${info.path}: the attribute "class_names" holds 2 names, expected 1 name, for its label`,
  );
});

Deno.test("classNames returns the names that were written", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/named.hdf5`;
    const class_names = ["No Finding", "Øther"];
    const writer = await ImageFileWriter.create(path, {
      shape: [1, 2, 2],
      labelCount: 2,
      attributes: { class_names },
    });
    writer.append(new Float32Array(4), Float32Array.of(0, 1));
    await writer.finish();
    assertEquals(classNames(await describe(path)), class_names);
  });
});

Deno.test("fourteen classes get CheXpert's names, other numbers of classes get numbers", () => {
  assertEquals(defaultClassNames(3), ["class 1", "class 2", "class 3"]);
  assertEquals(defaultClassNames(14), [...chexpertClasses]);
  assertEquals(new Set(chexpertClasses).size, 14);
});
