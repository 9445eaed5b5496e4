import { assertEquals, assertRejects } from "@std/assert";
import { readFolder } from "../../src/create/folder.ts";
import { DataError } from "../../src/errors.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

async function withFiles(paths: readonly string[], use: (folder: string) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    for (const path of paths) {
      const parent = path.split("/").slice(0, -1).join("/");
      await Deno.mkdir(`${folder}/set/${parent}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/set/${path}`, "");
    }
    await use(`${folder}/set`);
  });
}

async function list(folder: string, labels = true) {
  const notes: string[] = [];
  const listing = await readFolder(folder, { labels }, (text) => notes.push(text));
  return { ...listing, notes };
}

Deno.test("readFolder takes sub-folders as classes and sorts images by path", async () => {
  await withFiles(
    ["ü/b.png", "cat/z.JPG", "cat/deep er/a.dcm", "cat/IM0001", "cat/1.2.840.1"],
    async (folder) => {
      const { classNames, entries, source, notes } = await list(folder);
      assertEquals([source, classNames, notes], ["set", ["cat", "ü"], []]);
      const cats = ["cat/1.2.840.1", "cat/IM0001", "cat/deep er/a.dcm", "cat/z.JPG"];
      assertEquals(entries.map(({ path }) => path), [...cats, "ü/b.png"]);
      assertEquals(entries.map(({ labels }) => labels), [...cats.map(() => [1, 0]), [0, 1]]);
    },
  );
});

Deno.test("a folder without sub-folders has no labels, and files of other kinds are left out", async () => {
  await withFiles(["b.nii.gz", "a.nii", "notes.txt", ".hidden.png", "DICOMDIR"], async (folder) => {
    const { classNames, entries, notes } = await list(folder);
    assertEquals([classNames, entries.map(({ path }) => path)], [[], ["a.nii", "b.nii.gz"]]);
    assertEquals(notes, [`${folder}: 2 files are left out, since their names are not those of images`]);
  });
});

Deno.test("images both in and outside sub-folders are refused, except without labels", async () => {
  await withFiles(["a.png", "cat/b.png"], async (folder) => {
    const error = await assertRejects(() => list(folder), DataError);
    assertEquals(
      error.message,
      `${folder}: a.png is in no sub-folder, but sub-folders are the classes; ` +
        "expected every image in one, or --no-labels",
    );
    assertEquals((await list(folder, false)).entries.map(({ labels }) => labels), [[], []]);
  });
  await withFiles(["notes.txt"], async (folder) => {
    const error = await assertRejects(() => list(folder), DataError);
    assertEquals(
      error.message,
      `${folder}: holds no images, expected .png, .jpg, .webp, .bmp, .dcm or .nii files`,
    );
  });
});
