/** Atomic writes, and their one-line errors. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { makeFolder, writeFileAtomic } from "../../src/io/atomic.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).toSorted();
}

Deno.test("writeFileAtomic: writes text, bytes and chunks, and leaves nothing else in the folder", async () => {
  await withFolder(async (folder) => {
    await writeFileAtomic(`${folder}/text`, "é\n");
    await writeFileAtomic(`${folder}/bytes`, Uint8Array.of(1, 2, 3));
    await writeFileAtomic(`${folder}/parts`, [Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)]);
    assertEquals(Deno.readTextFileSync(`${folder}/text`), "é\n");
    assertEquals(Deno.readFileSync(`${folder}/bytes`), Uint8Array.of(1, 2, 3));
    assertEquals(Deno.readFileSync(`${folder}/parts`), Uint8Array.of(1, 2, 3));
    await writeFileAtomic(`${folder}/text`, "");
    assertEquals(Deno.readTextFileSync(`${folder}/text`), "");
    const longest = "n".repeat(255);
    await writeFileAtomic(`${folder}/${longest}`, "long");
    assertEquals(names(folder), ["bytes", longest, "parts", "text"]);
  });
});

Deno.test("writeFileAtomic: a failure halfway leaves only the old file", async () => {
  await withFolder(async (folder) => {
    await writeFileAtomic(`${folder}/a`, "old");
    function* parts() {
      yield new TextEncoder().encode("new");
      // The first half is written by now, but not under the file's name.
      assertEquals(Deno.readTextFileSync(`${folder}/a`), "old");
      throw new DataError("the rest cannot be made");
    }
    await assertRejects(() => writeFileAtomic(`${folder}/a`, parts()), DataError, "the rest cannot be made");
    assertEquals(Deno.readTextFileSync(`${folder}/a`), "old");
    assertEquals(names(folder), ["a"]);
  });
});

Deno.test("writeFileAtomic: refuses a missing folder, or creates it on request", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/one/two/a`;
    const error = await assertRejects(() => writeFileAtomic(path, "x"), DataError);
    assertEquals(error.message, `${path}: cannot write: there is no folder ${folder}/one/two`);
    assertEquals(names(folder), []);
    await writeFileAtomic(path, "x", { makeFolder: true });
    assertEquals(Deno.readTextFileSync(path), "x");
  });
});

Deno.test("writeFileAtomic: a folder in the way, a file as a folder, and a name too long", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken`);
    await Deno.writeTextFile(`${folder}/file`, "");
    const refusals = {
      [`${folder}/taken`]: "it is a folder",
      [`${folder}/file/a`]: "a part of the path is a file",
      [`${folder}/${"n".repeat(256)}`]: "the name is too long",
    };
    for (const [path, words] of Object.entries(refusals)) {
      const error = await assertRejects(
        () => writeFileAtomic(path, "x"),
        DataError,
        `${path}: cannot write: `,
      );
      assertStringIncludes(error.message, words);
      assert(!error.message.includes("\n"));
    }
    const made = await assertRejects(
      () => writeFileAtomic(`${folder}/file/a/b`, "x", { makeFolder: true }),
      DataError,
    );
    assertStringIncludes(made.message, "cannot write");
    assertEquals(names(folder), ["file", "taken"]);
  });
});

Deno.test("writeFileAtomic: a one-line error for a folder that refuses new files", async () => {
  // /proc refuses new files even from the superuser.
  const error = await assertRejects(
    () => writeFileAtomic("/proc/self/a", "x"),
    DataError,
    "/proc/self/a: cannot write",
  );
  assert(!error.message.includes("\n"));
});

Deno.test("makeFolder: creates missing parents, keeps an existing folder, and names the folder in its errors", async () => {
  await withFolder(async (folder) => {
    await makeFolder(`${folder}/one/two`);
    await Deno.writeTextFile(`${folder}/one/two/a`, "x");
    await makeFolder(`${folder}/one/two`);
    assertEquals(names(`${folder}/one/two`), ["a"]);
    const path = `${folder}/one/two/a/three`;
    const error = await assertRejects(() => makeFolder(path), DataError);
    assertEquals(
      error.message,
      `${path}: cannot create the folder: a part of the path is a file, not a folder`,
    );
  });
});
