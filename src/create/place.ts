/** Where a listed image is: inside the data folder, or nowhere. */

import { resolve, sep } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";

/** A file is decoded whole in memory. */
const mostBytes = 2 ** 31 - 1;

/**
 * The file that `listed` means, a path from the folder `root` or an absolute one, without links.
 *
 * @param root without links itself, as Deno.realPath gives it
 * @throws DataError with the reason alone, if there is none, if it is outside `root`, by a link too, or no regular file
 */
export async function locate(root: string, listed: string): Promise<string> {
  if (!isInside(root, resolve(root, listed))) {
    throw new DataError("it is outside the data folder");
  }
  const { isFile, size } = await Deno.stat(resolve(root, listed)).catch((error) => {
    throw reasonOf(error);
  });
  const real = await Deno.realPath(resolve(root, listed));
  if (!isInside(root, real)) throw new DataError("it is a link that leads outside the data folder");
  if (!isFile) throw new DataError("it is not a regular file");
  if (size > mostBytes) throw new DataError("it is larger than 2 GiB");
  if (size === 0) throw new DataError("it is empty");
  return real;
}

function isInside(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** The system's words for why a file cannot be had, without its name. */
export function reasonOf(error: unknown): unknown {
  const named = fileError("", "", error);
  return named instanceof DataError ? new DataError(named.message.replace(/^: : /, "")) : named;
}
