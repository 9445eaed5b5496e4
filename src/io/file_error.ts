/** One-line error messages for files that cannot be read or written. */

import { DataError } from "../errors.ts";
import { printable } from "./printable.ts";

/** Plain English for the operating system's error codes. */
const reasons: Record<string, string> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links form a loop",
  ENAMETOOLONG: "the name is too long",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is larger than the file system allows",
  EROFS: "the file system is read-only",
  EIO: "the disk reported an error",
};

/**
 * Adds a file's name and the action that failed to an error: "weights.pt: cannot read: permission denied".
 *
 * @param error what was thrown while the file was open: a DataError whose message does not name the file, or an error
 * of the operating system
 * @returns a DataError with a one-line message; any other error, which is a bug in the program, unchanged
 */
export function fileError(path: string, action: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof DataError) {
    return new DataError(`${path}: ${action}: ${printable(error.message, 300)}`);
  }
  const code = (error as Error & { code?: string }).code ?? "";
  if (Object.hasOwn(reasons, code)) return new DataError(`${path}: ${action}: ${reasons[code]}`);
  const fromSystem = code !== "" || Object.values(Deno.errors).some((type) => error instanceof type);
  return fromSystem ? new DataError(`${path}: ${action}: ${printable(error.message, 200)}`) : error;
}
