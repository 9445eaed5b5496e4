/** The names of the files that a run writes. */

import { basename, join } from "node:path";
import { dataFileNames, type WantedDataFile } from "../data/locate.ts";
import { DataError, UsageError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import type { Split } from "./listing.ts";
import type { CreateOptions } from "./options.ts";
import type { PixelType } from "./stored_image.ts";

/**
 * The path of the data file for each of the splits.
 *
 * @param splits may hold a split several times
 * @throws {UsageError} if `dataset` is no name for files
 * @throws {DataError} if a file exists that may not be replaced; not in a dry run
 */
export async function findTargets(
  { dataset, view, splits }: { dataset: string; view: string; splits: readonly Split[] },
  { save_path, size, dtype, dry_run, overwrite }: CreateOptions,
): Promise<Map<Split, string>> {
  if (dataset === "" || dataset !== basename(dataset)) {
    throw new UsageError(`--dataset ${dataset || '""'}: expected a name for files`);
  }
  const wanted = new Set(splits);
  const targets = new Map<Split, string>();
  for (const split of ["train", "valid", "test"] as const) {
    if (!wanted.has(split)) continue;
    const path = join(save_path, fileName({ dataset, split, view, size }, dtype));
    if (!dry_run) await requireFree(path, overwrite);
    targets.set(split, path);
  }
  return targets;
}

/** The name by which training finds the file in a folder. */
function fileName(wanted: WantedDataFile, dtype: PixelType): string {
  const [normalized, plain, anyView] = dataFileNames(wanted);
  return wanted.view === "all" ? anyView! : dtype === "float32" ? normalized! : plain!;
}

async function requireFree(path: string, overwrite: boolean): Promise<void> {
  const info = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw fileError(path, "cannot write", error);
  });
  if (info?.isDirectory) throw new DataError(`${path}: cannot write: it is a folder`);
  if (info && !overwrite) {
    throw new DataError(`${path}: already exists, expected --overwrite or another --save_path`);
  }
}
