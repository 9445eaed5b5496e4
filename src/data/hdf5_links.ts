/** Follows links and virtual datasets to other HDF5 files, but only inside the data file's own folder. */

import { basename, dirname, isAbsolute, resolve, sep } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { allowFile, type Hdf5Handle, openHdf5 } from "./hdf5_library.ts";
import { headerAddress } from "./number_format.ts";
import { FileBytes, findMessage, messageTypes } from "./object_header.ts";

/** An object and the file that holds it. */
export interface ResolvedObject {
  file: Hdf5Handle;
  /** Path in the file, without the first slash. */
  name: string;
}

/** Links may form a loop. */
const maxLinks = 32;

/**
 * Finds the object `name`. External links are followed to other files of the data file's folder; these stay open until
 * the caller closes them.
 *
 * @param opened receives each file that is opened
 * @throws {DataError} if an external link leads outside the folder or to a file or object that does not exist, or if
 * there are too many links
 */
export async function resolveObject(
  file: Hdf5Handle,
  name: string,
  opened: Hdf5Handle[],
): Promise<ResolvedObject> {
  const folder = dirname(resolve(file.path));
  let current: Hdf5Handle = file;
  let pending = partsOf(name);
  let path: string[] = [];
  for (let links = 0; pending.length > 0;) {
    const place = [...path, pending[0]!].join("/");
    const { library, id } = current;
    const external = library.get_external_link(id, `/${place}`);
    const target: string | null = external.filename === undefined
      ? library.get_symbolic_link(id, `/${place}`)
      : null;
    const isLink = external.filename !== undefined || target !== null;
    if (isLink && ++links > maxLinks) {
      throw new DataError(
        `${file.path}: "${name}" is a link that leads to more than ${maxLinks} other links`,
      );
    }
    const rest = pending.slice(1);
    if (external.filename !== undefined) {
      const found = await findInside(folder, external.filename, `${file.path}: "${name}" is a link`);
      current = await openHdf5(found);
      opened.push(current);
      [path, pending] = [[], [...partsOf(external.obj_path), ...rest]];
    } else if (target !== null) {
      // A broken link is reported under its own name.
      if (current === file && library.get_type(id, `/${place}`) === library.H5G_LINK) {
        return { file, name };
      }
      pending = [...partsOf(target), ...rest];
      if (target.startsWith("/")) path = [];
    } else {
      [path, pending] = [[...path, pending[0]!], rest];
    }
  }
  return { file: current, name: path.join("/") };
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/**
 * The path of a file that another file names, as the HDF5 library looks for it: relative to the folder, or, if an
 * absolute path does not exist, by its name alone.
 *
 * @throws {DataError} if it does not exist or is outside the folder
 */
async function findInside(folder: string, name: string, what: string): Promise<string> {
  const shown = printable(name, 200);
  const written = resolve(folder, name);
  const isThere = await Deno.lstat(written).then(() => true, () => false);
  const path = isAbsolute(name) && !isThere ? resolve(folder, basename(name)) : written;
  const [realFolder, real] = await Promise.all(
    [folder, path].map((each) => Deno.realPath(each).catch(() => "")),
  );
  const isInside = (inner: string, outer: string) =>
    inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
  if (!isInside(path, folder) || (real !== "" && !isInside(real!, realFolder!))) {
    throw new DataError(
      `${what} to ${shown}, outside the file's own folder; expected data in this folder. Copy it there, or copy the ` +
        "numbers into one file",
    );
  }
  if (real === "") throw new DataError(`${what} to ${shown}, which does not exist in ${folder}`);
  const { isFile } = await Deno.stat(path).catch((error) => {
    throw fileError(path, "cannot read", error);
  });
  if (!isFile) throw new DataError(`${what} to ${shown}, which is not a regular file`);
  return path;
}

/** Virtual datasets may be made of virtual datasets. */
const maxNesting = 8;

/**
 * Checks where a dataset's numbers are: in its file, or, for a virtual dataset, in datasets of other files in the
 * folder, all of which must exist. The HDF5 library would read a missing source as zeros.
 *
 * @throws {DataError} if numbers are elsewhere or missing
 */
export async function requireOwnNumbers(
  { file, name }: ResolvedObject,
  nesting = 0,
): Promise<void> {
  const { library, id, path } = file;
  if (library.get_type(id, `/${name}`) !== library.H5G_DATASET) return;
  if (hasExternalFiles(file, name)) {
    throw new DataError(
      `${path}: "${name}" keeps its numbers in other files that are not HDF5 files, expected numbers in the file itself`,
    );
  }
  const { virtual_sources: sources } = library.get_dataset_metadata(id, `/${name}`);
  if (!sources) return;
  if (nesting === maxNesting) {
    throw new DataError(
      `${path}: "${name}" is made of more than ${maxNesting} virtual datasets in each other`,
    );
  }
  const distinct = new Map(sources.map((source) => [`${source.file_name}\n${source.dset_name}`, source]));
  for (const { file_name, dset_name } of distinct.values()) {
    await requireSource(file, name, file_name, dset_name, nesting);
  }
}

async function requireSource(
  file: Hdf5Handle,
  name: string,
  sourceFile: string,
  sourceName: string,
  nesting: number,
): Promise<void> {
  const what = `${file.path}: "${name}" is a virtual dataset that leads`;
  if (/%b/.test(sourceFile + sourceName)) {
    throw new DataError(`${what} to files numbered by %b, expected sources with names of their own`);
  }
  const opened: Hdf5Handle[] = [];
  try {
    let source = file;
    if (sourceFile !== ".") {
      const path = await findInside(dirname(resolve(file.path)), sourceFile, what);
      allowFile(path);
      source = await openHdf5(path);
      opened.push(source);
    }
    const { library, id } = source;
    const object = { file: source, name: partsOf(sourceName).join("/") };
    if (library.get_type(id, `/${object.name}`) !== library.H5G_DATASET) {
      throw new DataError(
        `${what} to "${printable(sourceName)}" in ${source.path}, which has no such dataset`,
      );
    }
    await requireOwnNumbers(object, nesting + 1);
  } finally {
    for (const { library, id } of opened) library.close_file(id);
  }
}

function hasExternalFiles(file: Hdf5Handle, name: string): boolean {
  using opened = Deno.openSync(file.path);
  try {
    const bytes = new FileBytes(opened, file.start, opened.statSync().size);
    return findMessage(bytes, headerAddress(file, name), messageTypes.externalFiles) !== undefined;
  } catch (error) {
    // A header that cannot be read is reported when the dataset's type is.
    if (error instanceof RangeError) return false;
    throw error;
  }
}
