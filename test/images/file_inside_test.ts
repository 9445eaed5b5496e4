import { assertEquals, assertRejects } from "@std/assert";
import { resolveInside } from "../../src/images/file_inside.ts";
import { DataError } from "../../src/errors.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";

Deno.test("resolveInside finds only regular files inside the data folder", async () => {
  await inTemporaryFolder(async (folder) => {
    const root = await Deno.realPath(folder) + "/data";
    await Deno.mkdir(`${root}/sub`, { recursive: true });
    await Deno.writeTextFile(`${root}/sub/a ü.png`, "x");
    await Deno.writeTextFile(`${root}/empty.png`, "");
    await Deno.mkdir(`${folder}/data2`);
    await Deno.writeTextFile(`${folder}/data2/secret.png`, "x");
    await Deno.symlink(`${folder}/data2/secret.png`, `${root}/link.png`);
    await Deno.symlink(`${folder}/data2`, `${root}/linked`);
    await Deno.symlink("sub/a ü.png", `${root}/inner.png`);
    await Deno.symlink("loop.png", `${root}/loop.png`);
    const found = `${root}/sub/a ü.png`;
    for (const listed of ["sub/a ü.png", "./sub/../sub/a ü.png", found, "inner.png"]) {
      assertEquals(await resolveInside(root, listed), found);
    }
    const outside = "it is outside the data folder";
    const byLink = "it is a link that leads outside the data folder";
    const reasons: Record<string, string> = {
      "../data2/secret.png": outside,
      "sub/../../data2/secret.png": outside,
      [`${folder}/data2/secret.png`]: outside,
      "/etc/passwd": outside,
      "link.png": byLink,
      "linked/secret.png": byLink,
      ".": outside,
      "sub": "it is not a regular file",
      "empty.png": "it is empty",
      "missing.png": "no such file or folder",
      "empty.png/a": "a part of the path is a file, not a folder",
      "loop.png": "its symbolic links form a loop",
      ["a".repeat(300)]: "the name is too long",
    };
    for (const [listed, reason] of Object.entries(reasons)) {
      const error = await assertRejects(() => resolveInside(root, listed), DataError, undefined, listed);
      assertEquals(error.message, reason, listed);
    }
    await assertRejects(() => resolveInside(root, "sub/a\0.png"), DataError);
  });
});
