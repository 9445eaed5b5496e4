import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { findFiles } from "../../src/create/find_files.ts";
import { DataError } from "../../src/errors.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

/** Where `listed` files are found in a folder that holds `files`. */
async function find(files: readonly string[], listed: readonly string[]) {
  const notes: string[] = [];
  let paths: string[] = [];
  await inTemporaryFolder(async (temporary) => {
    const folder = await Deno.realPath(temporary);
    for (const file of files) {
      await Deno.mkdir(`${folder}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${file}`, "x");
    }
    const entries = listed.map((path) => ({ path, labels: [] }));
    const found = await findFiles(folder, entries, (text) => notes.push(text.replaceAll(folder, "")));
    paths = found.map(({ path }) => path);
  });
  return { paths, notes };
}

Deno.test("files that are where the list says are left as they are", async () => {
  const files = ["a/1.png", "b/1.png"];
  assertEquals(await find(files, ["b/1.png", "a/1.png"]), { paths: ["b/1.png", "a/1.png"], notes: [] });
});

Deno.test("files are found by their names in any folder, with or without an ending", async () => {
  const files = ["images_001/images/1.png", "images_002/images/2.png", "x/3.dcm", "x/4.JPG", ".hidden/5.png"];
  const { paths, notes } = await find(files, ["1.png", "old/place/2.png", "3", "4.png", "5.png"]);
  assertEquals(paths, ["images_001/images/1.png", "images_002/images/2.png", "x/3.dcm", "x/4.JPG", "5.png"]);
  assertEquals(notes, [
    ": 4 of 5 listed files are not where the list says, and were found by their names " +
    "(1.png is images_001/images/1.png)",
  ]);
  assertEquals((await find(["1.2.840.7.dcm"], ["1.2.840.7"])).paths, ["1.2.840.7.dcm"]);
  assertEquals((await find(["a.nii.gz"], ["C:/data/scans/a.nii.gz"])).paths, ["a.nii.gz"]);
});

Deno.test("folders are compared where names do not tell files apart, as in CheXpert's batches", async () => {
  const inBatch = (batch: string, patient: number) =>
    `CheXpert-v1.0 batch ${batch}/patient0000${patient}/study1/view1_frontal.jpg`;
  const files = [inBatch("2 (train 1)", 1), inBatch("2 (train 1)", 2), inBatch("3 (train 2)", 3)];
  const listed = [3, 1, 2].map((patient) =>
    `CheXpert-v1.0/train/patient0000${patient}/study1/view1_frontal.jpg`
  );
  assertEquals((await find(files, listed)).paths, [files[2], files[0], files[1]]);
  // The third patient's files are missing: no other patient's file is taken for it.
  assertEquals((await find(files.slice(0, 2), listed)).paths, [listed[0], files[0], files[1]]);
});

Deno.test("a name that several files have is refused with two of them", async () => {
  const error = await assertRejects(() => find(["a/1.png", "b/1.png"], ["1.png"]), DataError);
  assertMatch(error.message, /: 1\.png is not there, and may be a\/1\.png or b\/1\.png; expected one file/);
  const endings = await assertRejects(() => find(["1.png", "1.jpg"], ["1"]), DataError);
  assertMatch(endings.message, /: 1 is not there, and may be 1\.png or 1\.jpg;/);
  assertEquals((await find(["a/b/1.png", "b/1.png", "c/1.png"], ["x/a/b/1.png"])).paths, ["a/b/1.png"]);
});

Deno.test("one file is not taken for two listed files", async () => {
  const error = await assertRejects(() => find(["a/1.png"], ["a/1.png", "1.jpg"]), DataError);
  assertMatch(error.message, /: a\/1\.png would be both a\/1\.png and 1\.jpg of the list/);
});
