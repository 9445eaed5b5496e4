import { basename, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";

export interface WantedDataFile {
  dataset: string;
  split: "train" | "valid";
  size: number;
  view: string;
  /** Original images (the default), a codec's reconstructions, or its latents. */
  kind?: "orig" | "recon" | "latent";
}

/**
 * The data file that `path` means: the file itself, or the one in the folder that bears the usual name:
 * `{dataset}_{train|valid}_{size}_{view}_normalized.hdf5` for original images, with or without `_normalized`, or
 * `{dataset}_{train|valid}_{size}_{orig|recon|latent}.hdf5`.
 *
 * @throws DataError if there is no such file or folder, or no such name in the folder; the names tried are listed
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

/** The names that a data file may have, the preferred one first. */
export function dataFileNames({ dataset, split, size, view, kind = "orig" }: WantedDataFile): string[] {
  const stem = `${dataset}_${split}_${size}`;
  return kind === "orig"
    ? [`${stem}_${view}_normalized.hdf5`, `${stem}_${view}.hdf5`, `${stem}_orig.hdf5`]
    : [`${stem}_${kind}.hdf5`];
}

/**
 * The name for what is made of a data file: `{dataset}_{train|valid}_{size}_{kind}.hdf5` where the file's own name begins so, whatever
 * its view; otherwise its own name with `_{kind}` in place of `_orig` or `_normalized`.
 */
export function derivedFileName(path: string, kind: "recon" | "latent"): string {
  const name = basename(path).replace(/\.(hdf5|h5|hdf)$/i, "");
  const usual = /^(.+_(?:train|valid)_\d+)(?:_.*)?$/.exec(name);
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
