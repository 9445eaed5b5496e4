/** Finds data files by their usual names. */

import { basename, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import type { Representation } from "../representation.ts";

/** The data file to look for in a folder. */
export interface WantedDataFile {
  dataset: string;
  split: "train" | "valid" | "test";
  /** Height and width of the images. */
  size: number;
  view: string;
  /** Optional content: original images ("orig", the default), or a codec's reconstructions or latents. */
  kind?: Representation;
}

/**
 * Finds the data file for `path`: the file itself, or, if `path` is a folder, the file in it with the usual name. For
 * original images that is `{dataset}_{split}_{size}_{view}_normalized.hdf5`, the same without `_normalized`, or
 * `{dataset}_{split}_{size}_orig.hdf5`; for others `{dataset}_{split}_{size}_{recon|latent}.hdf5`.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/CheXpert_valid_256_frontal.hdf5`, "");
 * const wanted = { dataset: "CheXpert", split: "valid", size: 256, view: "frontal" } as const;
 * assertEquals(await resolveDataFile(folder, wanted), `${folder}/CheXpert_valid_256_frontal.hdf5`);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @throws {DataError} if `path` does not exist, or the folder has no file of these names; the message lists them
 */
export async function resolveDataFile(path: string, wanted: WantedDataFile): Promise<string> {
  const found = await statOrUndefined(path);
  if (!found) {
    throw new DataError(`${path}: no such file or folder, expected an HDF5 file or a folder of them`);
  }
  if (!found.isDirectory) return path;
  const names = dataFileNames(wanted);
  for (const name of names) {
    const candidate = join(path, name);
    if ((await statOrUndefined(candidate))?.isFile) return candidate;
  }
  throw new DataError(`${path}: no data file in this folder, expected ${names.join(" or ")}`);
}

/** The names that a data file may have, in order of preference. */
export function dataFileNames({ dataset, split, size, view, kind = "orig" }: WantedDataFile): string[] {
  const stem = `${dataset}_${split}_${size}`;
  return kind === "orig"
    ? [`${stem}_${view}_normalized.hdf5`, `${stem}_${view}.hdf5`, `${stem}_orig.hdf5`]
    : [`${stem}_${kind}.hdf5`];
}

/**
 * The file name for the reconstructions or latents of a data file: `{dataset}_{split}_{size}_{kind}.hdf5` if the
 * data file's name begins like that; otherwise its own name with `_{kind}` instead of `_orig` or `_normalized`.
 */
export function derivedFileName(path: string, kind: "recon" | "latent"): string {
  const name = basename(path).replace(/\.(hdf5|h5|hdf)$/i, "");
  const usual = /^(.+_(?:train|valid|test)_\d+)(?:_.*)?$/.exec(name);
  return `${usual?.[1] ?? name.replace(/_(orig|normalized)$/, "")}_${kind}.hdf5`;
}

async function statOrUndefined(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw fileError(path, "cannot read", error);
  }
}
