import { basename, dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "./file_error.ts";

export interface WriteOptions {
  /** Makes the folder, and those above it, where it does not exist. */
  makeFolder?: boolean;
}

/**
 * Writes a file so that its name only ever holds the old content or all of the new: into a temporary file of
 * the same folder, flushed to the disk, then renamed. `data` is bytes, text (written as UTF-8), or parts
 * written one after another.
 *
 * @throws DataError, one line naming the file, where it cannot be written; nothing is then left behind.
 */
export async function writeFileAtomic(
  path: string,
  data: Uint8Array | string | Iterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  // A name of its own, not one made from the file's, which may be as long as the file system allows.
  const temporary = join(folder, `.writing-${crypto.randomUUID()}`);
  try {
    if (options.makeFolder) await Deno.mkdir(folder, { recursive: true });
    await checkTarget(path, folder);
    await writeAndFlush(temporary, parts(data));
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw fileError(path, "cannot write", error);
  }
}

/** Checked beforehand, because the system's own words for these two would be about the temporary file. */
async function checkTarget(path: string, folder: string): Promise<void> {
  if (!(await exists(folder))) throw new DataError(`there is no folder ${folder}`);
  if (basename(path) === "" || (await exists(path))?.isDirectory) {
    throw new DataError("it is a folder");
  }
}

async function exists(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function parts(data: Uint8Array | string | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof data === "string") return [new TextEncoder().encode(data)];
  return data instanceof Uint8Array ? [data] : data;
}

async function writeAndFlush(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  for (const part of parts) {
    for (let written = 0; written < part.length;) written += await file.write(part.subarray(written));
  }
  await file.sync();
}

/** Makes a folder and those above it, where they do not exist. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw new DataError(`${path}: the folder cannot be made: ${(error as Error).message}`);
  }
}
