import { assertEquals, assertRejects } from "@std/assert";
import type { ImageRequest } from "../../src/images/decode_worker.ts";
import { DecoderPool, isUnreadable } from "../../src/images/decoder_pool.ts";
import { DataError } from "../../src/errors.ts";
import { readImageFile } from "./files.ts";
import { inTemporaryFolder } from "../data/fixtures.ts";
import type { ImageShapes } from "./shape_worker.ts";

/** A worker that takes and returns words. */
const fragile = new URL("../workers/fragile_worker.ts", import.meta.url);

Deno.test("a worker that dies fails only its own image", async () => {
  const pool = new DecoderPool<string, string>(fragile, 2);
  const words = ["a", "die", "slow", "die", "die", "b", "c"];
  const replies = await Promise.all(words.map((word) => pool.decode(word)));
  const dead = { unreadable: "decoding: the worker stopped: Uncaught Error: out of breath" };
  assertEquals(replies, ["a done", dead, "slow done", dead, dead, "b done", "c done"]);
  assertEquals(await pool.decode("d"), "d done");
  pool.close();
});

Deno.test("a worker that runs for ever is stopped and fails only its own image", async () => {
  const pool = new DecoderPool<string, string>(fragile, 1, 0.5);
  const replies = await Promise.all(["a", "spin", "b"].map((word) => pool.decode(word)));
  assertEquals(replies, ["a done", { unreadable: "decoding takes longer than 0.5 seconds" }, "b done"]);
  pool.close();
});

Deno.test("closing the pool fails the images that are being decoded", async () => {
  const pool = new DecoderPool<string, string>(fragile, 1);
  const reply = pool.decode("never");
  pool.close();
  await assertRejects(() => reply, DataError, "the decoders were closed");
});

Deno.test("a worker replies with what it makes of a file's images, or says why it cannot", async () => {
  await inTemporaryFolder(async (folder) => {
    const root = await Deno.realPath(folder);
    await Deno.writeFile(`${root}/frames.dcm`, await readImageFile("dicom_frames.dcm"));
    await Deno.writeTextFile(`${root}/text.png`, "not an image");
    const pool = new DecoderPool<ImageRequest, ImageShapes>(
      new URL("./shape_worker.ts", import.meta.url),
      2,
    );
    const paths = ["frames.dcm", "text.png", "missing.png", "../outside.png"];
    const replies = await Promise.all(paths.map((path) => pool.decode({ root, path })));
    assertEquals(replies, [
      { shapes: [[61, 71, 1], [61, 71, 1], [61, 71, 1]] },
      { unreadable: "it is not a PNG, JPEG, DICOM, NIfTI, WebP or BMP image" },
      { unreadable: "no such file or folder" },
      { unreadable: "it is outside the data folder" },
    ]);
    assertEquals(replies.map(isUnreadable), [false, true, true, true]);
    pool.close();
  });
});
