/** Files that a list names by path: only regular files inside the data folder are opened. */

import { resolve, sep } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";

/** A file is decoded whole, in memory. */
const largestFileBytes = 2 ** 31 - 1;

/**
 * Resolves a listed path to the file's real path, without symbolic links.
 *
 * @param folder the data folder's real path, as `Deno.realPath` returns it
 * @param listed the path as the list has it: relative to `folder`, or absolute
 * @throws {DataError} if there is no such file, if it is outside `folder` (symbolic links included), empty, larger than
 * 2 GiB or not a regular file; the message is the reason alone, without the file's name
 */
export async function resolveInside(folder: string, listed: string): Promise<string> {
  const path = resolve(folder, listed);
  if (!isInside(folder, path)) throw new DataError("it is outside the data folder");
  const { isFile, size } = await Deno.stat(path).catch(rethrowReason);
  const real = await Deno.realPath(path);
  if (!isInside(folder, real)) throw new DataError("it is a link that leads outside the data folder");
  if (!isFile) throw new DataError("it is not a regular file");
  if (size > largestFileBytes) throw new DataError("it is larger than 2 GiB");
  if (size === 0) throw new DataError("it is empty");
  return real;
}

/**
 * Reads a listed file.
 *
 * @throws {DataError} if `resolveInside` refuses the path, or the file cannot be read
 */
export async function readInside(folder: string, listed: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(await resolveInside(folder, listed)).catch(rethrowReason);
}

function isInside(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Throws the operating system's reason as a DataError that does not repeat the file's name. */
function rethrowReason(error: unknown): never {
  const named = fileError("", "", error);
  throw named instanceof DataError ? new DataError(named.message.replace(/^: : /, "")) : named;
}
