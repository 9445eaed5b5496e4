import { assertEquals, assertRejects } from "@std/assert";
import { commit, completeCommits } from "../../src/data/commit.ts";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError } from "../../src/errors.ts";
import { inTemporaryFolder } from "./fixtures.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Two complete files under temporary names. */
async function writeTwo(folder: string) {
  const pending = ["a", "b"].map((name) => ({
    temporary: `${folder}/.writing-${name}`,
    path: `${folder}/${name}.hdf5`,
  }));
  for (const { temporary } of pending) await Deno.writeTextFile(temporary, temporary);
  return pending;
}

Deno.test("files get their names together and no record is left", async () => {
  await inTemporaryFolder(async (folder) => {
    await commit(await writeTwo(folder));
    assertEquals(names(folder), ["a.hdf5", "b.hdf5"]);
    assertEquals(await completeCommits(folder), []);
  });
});

Deno.test("renames that a killed process began are completed", async () => {
  for (const renamed of [0, 1, 2]) {
    await inTemporaryFolder(async (folder) => {
      const pending = await writeTwo(folder);
      const { renameSync, remove } = Deno;
      let count = 0;
      // Imitates a process that is killed after some of the renames: nothing that follows happens.
      Deno.renameSync = (from, to) => {
        if (count++ >= renamed) throw new Error("killed");
        renameSync(from, to);
      };
      Deno.remove = () => Promise.reject(new Error("killed"));
      try {
        await commit(pending).catch(() => {});
      } finally {
        [Deno.renameSync, Deno.remove] = [renameSync, remove];
      }
      assertEquals(names(folder).filter((name) => name.endsWith(".hdf5")).length, renamed);
      assertEquals(await completeCommits(folder), ["a.hdf5", "b.hdf5"].slice(renamed));
      assertEquals(names(folder), ["a.hdf5", "b.hdf5"]);
    });
  }
});

Deno.test("a record that is damaged, or leads out of the folder, changes nothing", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.mkdir(`${folder}/in`);
    await Deno.writeTextFile(`${folder}/in/.writing-x`, "x");
    for (
      const text of ["", "{", "[1]", '[["../y", "z"]]', '[[".writing-x", "../z"]]', '[["other", "z"]]']
    ) {
      await Deno.writeTextFile(`${folder}/in/.committing-1`, text);
      assertEquals(await completeCommits(`${folder}/in`), []);
      assertEquals([names(folder), names(`${folder}/in`)], [["in"], [".writing-x"]]);
    }
    assertEquals(await completeCommits(`${folder}/missing`), []);
  });
});

Deno.test("if one of two files cannot be named, none is left", async () => {
  await inTemporaryFolder(async (folder) => {
    const options = { shape: [1, 1, 1] as const, labelCount: 0 };
    const writers = await Promise.all(
      ["b", "a"].map((name) => ImageFileWriter.create(`${folder}/${name}.hdf5`, options)),
    );
    for (const writer of writers) writer.append(new Float32Array(1));
    await Deno.mkdir(`${folder}/b.hdf5`);
    await assertRejects(() => ImageFileWriter.finishTogether(writers), DataError);
    assertEquals(names(folder), ["b.hdf5"]);
  });
});
