/** Writing files so that a reader never sees a half-written one. */

import { basename, dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "./file_error.ts";

/** Options of {@linkcode writeFileAtomic}. */
export interface WriteOptions {
  /** Creates missing parent folders. Default: false, and a missing folder is an error. */
  makeFolder?: boolean;
}

/**
 * Writes a file atomically: at any moment, the file holds either its old content or all of the new. The data goes
 * into a temporary file in the same folder, is flushed to the disk, and the temporary file is renamed. If anything
 * fails, the temporary file is removed and the old content stays.
 *
 * @param data bytes, text (written as UTF-8), or chunks of bytes that are written one after another
 * @throws {DataError} if the file cannot be written; the message is one line that names the file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await writeFileAtomic(`${folder}/runs/notes.txt`, "epoch 1\n", { makeFolder: true });
 * assertEquals(await Deno.readTextFile(`${folder}/runs/notes.txt`), "epoch 1\n");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string | Iterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  // Not derived from the file's own name, which may already be as long as the file system allows.
  const temporary = join(folder, `.writing-${crypto.randomUUID()}`);
  try {
    if (options.makeFolder) await Deno.mkdir(folder, { recursive: true });
    await checkTarget(path, folder);
    await writeAndFlush(temporary, chunksOf(data));
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw fileError(path, "cannot write", error);
  }
}

/** Checks in advance what the operating system would only report about the temporary file. */
async function checkTarget(path: string, folder: string): Promise<void> {
  if (!(await statIfPresent(folder))) throw new DataError(`there is no folder ${folder}`);
  if (basename(path) === "" || (await statIfPresent(path))?.isDirectory) {
    throw new DataError("it is a folder");
  }
}

async function statIfPresent(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function chunksOf(data: Uint8Array | string | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof data === "string") return [new TextEncoder().encode(data)];
  return data instanceof Uint8Array ? [data] : data;
}

async function writeAndFlush(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (const chunk of chunks) {
    for (let written = 0; written < chunk.length;) written += await file.write(chunk.subarray(written));
  }
  await file.sync();
}

/**
 * Creates a folder and its missing parents. An existing folder is left as it is.
 *
 * @throws {DataError} if the folder cannot be created; the message is one line that names the folder
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(path, "cannot create the folder", error);
  }
}
