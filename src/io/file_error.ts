import { DataError } from "../errors.ts";

const reasons: Record<string, string> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder",
  ELOOP: "its links run in a circle",
  ENAMETOOLONG: "the name is too long",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file grows larger than the file system allows",
  EROFS: "the file system is read-only",
  EIO: "the disk reported an error",
};

/**
 * What a DataError without a file's name, or the operating system's error, says, as a DataError of one line:
 * "weights.pt: cannot read: permission denied". An error of another kind, a fault of the program, is handed
 * back as it is.
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

/** Text from a file or from the system, made fit for one line: control characters replaced, long text cut. */
export function printable(text: string, limit = 80): string {
  // deno-lint-ignore no-control-regex
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}
