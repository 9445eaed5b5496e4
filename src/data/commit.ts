/** Gives several finished files their names so that, after a crash, either all or none of them have them. */

import { basename, dirname, join } from "node:path";
import { fileError } from "../io/file_error.ts";
import { writeFileAtomic } from "../io/atomic.ts";

/** A file under its temporary name, in the folder of its final name. */
export interface PendingFile {
  temporary: string;
  path: string;
}

// A record of all renames is on the disk before the first of them. If the process ends in between, `completeCommits`
// does the rest. Without a record no file was renamed.
const recordPrefix = ".committing-";

/**
 * Renames complete files, all of the same folder, that are on the disk.
 *
 * @throws {DataError} if the record or a file cannot be written; the files that were not renamed keep their temporary
 * names
 */
export async function commit(files: readonly PendingFile[]): Promise<void> {
  const [first] = files;
  if (!first) return;
  const record = join(dirname(first.path), `${recordPrefix}${crypto.randomUUID()}`);
  if (files.length > 1) {
    const names = files.map(({ temporary, path }) => [basename(temporary), basename(path)]);
    await writeFileAtomic(record, JSON.stringify(names));
  }
  try {
    for (const { temporary, path } of files) rename(temporary, path);
  } finally {
    if (files.length > 1) await Deno.remove(record).catch(() => {});
  }
}

/**
 * Completes the renames that earlier processes began in a folder and could not complete.
 *
 * @returns the names that files were given
 * @throws {DataError} if a file cannot be renamed
 */
export async function completeCommits(folder: string): Promise<string[]> {
  const found = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  const completed: string[] = [];
  for (const { name, isFile } of found) {
    if (!isFile || !name.startsWith(recordPrefix)) continue;
    const record = join(folder, name);
    for (const [temporary, final] of parseRecord(await Deno.readTextFile(record).catch(() => ""))) {
      const from = join(folder, temporary);
      if (!await Deno.lstat(from).then(({ isFile }) => isFile, () => false)) continue;
      rename(from, join(folder, final));
      completed.push(final);
    }
    await Deno.remove(record).catch(() => {});
  }
  return completed;
}

/** The pairs of names in a record; none if it is not valid. Names never lead out of the folder. */
function parseRecord(text: string): [temporary: string, final: string][] {
  try {
    const pairs: unknown = JSON.parse(text);
    const isName = (name: unknown) => typeof name === "string" && name !== "" && name === basename(name);
    const isPair = (pair: unknown): pair is [string, string] =>
      Array.isArray(pair) && pair.length === 2 && pair.every(isName) && pair[0].startsWith(".writing-");
    return Array.isArray(pairs) && pairs.every(isPair) ? pairs : [];
  } catch {
    return [];
  }
}

/** Synchronous, so that nothing else happens between two renames. */
function rename(temporary: string, path: string): void {
  try {
    Deno.renameSync(temporary, path);
  } catch (error) {
    throw fileError(path, "cannot write", error);
  }
}
