/** Finds listed files that are not where the list says, by their names. */

import { join, resolve } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { printable } from "../io/printable.ts";
import { inOrder } from "../workers/in_order.ts";
import type { Entry } from "./listing.ts";

/** Files looked up at a time. */
const ahead = 64;
/** Endings of image files. A listed name without one of them may lack its ending. */
const endings = [
  ".png",
  ".jpg",
  ".jpeg",
  ".dcm",
  ".dicom",
  ".nii",
  ".nii.gz",
  ".tif",
  ".tiff",
  ".bmp",
  ".webp",
];
const ending = /\.(png|jpe?g|dcm|dicom|ima|nii\.gz|nii|tiff?|bmp|webp)$/i;

/**
 * The entries with the paths of files that exist, where they can be found. A file that is not at its listed path is
 * looked for there with another ending, and then by its name in all folders below `root`. If other listed files have
 * the same name, as many folders of the path are compared as are needed to tell them apart.
 *
 * @param root real path of the data folder
 * @param note receives a line if files were found elsewhere
 * @throws {DataError} if several files have the name, or two entries would be the same file
 */
export async function findFiles(
  root: string,
  entries: readonly Entry[],
  note: (text: string) => void,
): Promise<Entry[]> {
  const there = await areThere(root, entries.map(({ path }) => path));
  if (there.every((isThere) => isThere)) return [...entries];
  const taken = new Map(
    entries.flatMap(({ path }, index) => there[index] ? [[resolve(root, path), path]] : []),
  );
  const depths = distinctDepths(entries.map(({ path }) => partsOf(path)));
  let index: Map<string, string[]> | undefined;
  let [count, example] = [0, ""];
  const found: Entry[] = [];
  for (const [place, entry] of entries.entries()) {
    if (there[place]) {
      found.push(entry);
      continue;
    }
    const path = (index ? undefined : await withOtherEnding(root, entry.path)) ??
      choose(entry.path, depths[place]!, index ??= await indexFiles(root), root);
    if (path === undefined) {
      found.push(entry);
      continue;
    }
    const other = taken.get(resolve(root, path));
    if (other !== undefined) {
      throw new DataError(
        `${root}: ${shown(path)} would be both ${shown(other)} and ${shown(entry.path)} of the list; ` +
          "expected a file for each",
      );
    }
    taken.set(resolve(root, path), entry.path);
    count++;
    example ||= `${shown(entry.path)} is ${shown(path)}`;
    found.push({ ...entry, path });
  }
  if (count > 0) {
    note(
      `${root}: ${count} of ${entries.length} listed files are not where the list says, and were found by their names ` +
        `(${example})`,
    );
  }
  return found;
}

async function areThere(root: string, paths: readonly string[]): Promise<boolean[]> {
  const there: boolean[] = [];
  const look = (path: string) => Deno.lstat(resolve(root, path)).then(() => true, () => false);
  for await (const { result } of inOrder(paths, ahead, look)) there.push(result);
  return there;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
}

function shown(path: string): string {
  return printable(path, 200);
}

/** The file at the listed path with another ending, if there is exactly one. */
async function withOtherEnding(root: string, path: string): Promise<string | undefined> {
  const stem = path.replace(ending, "");
  const candidates = endings.map((each) => stem + each);
  const there = await areThere(root, candidates);
  const found = candidates.filter((_, index) => there[index]);
  if (found.length > 1) throw ambiguous(root, path, found);
  return found[0];
}

function ambiguous(root: string, path: string, found: readonly string[]): DataError {
  const [first, second] = found;
  const more = found.length > 2 ? ` and ${found.length - 2} more` : "";
  return new DataError(
    `${root}: ${shown(path)} is not there, and may be ${shown(first!)} or ${shown(second!)}${more}; ` +
      "expected one file of this name",
  );
}

/**
 * For each path the number of its last parts that no other path has; all parts if there is no such number.
 */
function distinctDepths(paths: readonly (readonly string[])[]): number[] {
  const depths = paths.map(() => 0);
  let pending = paths.map((_, index) => index);
  for (let depth = 1; pending.length > 0; depth++) {
    const endOf = (index: number) => paths[index]!.slice(-depth).join("/");
    const counts = new Map<string, number>();
    for (const index of pending) counts.set(endOf(index), (counts.get(endOf(index)) ?? 0) + 1);
    pending = pending.filter((index) => {
      depths[index] = depth;
      return counts.get(endOf(index))! > 1 && depth < paths[index]!.length;
    });
  }
  return depths;
}

/** The paths of all files below `root` by their names and by their names without ending. */
async function indexFiles(root: string): Promise<Map<string, string[]>> {
  const index = new Map<string, string[]>();
  const add = (name: string, path: string) => {
    const paths = index.get(name);
    paths ? paths.push(path) : index.set(name, [path]);
  };
  const pending = [""];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    const folder = join(root, parent);
    const found = await Array.fromAsync(Deno.readDir(folder)).catch((error) => {
      throw fileError(folder, "cannot read", error);
    });
    for (const { name, isDirectory } of found) {
      if (name.startsWith(".")) continue;
      const path = parent === "" ? name : `${parent}/${name}`;
      if (isDirectory) pending.push(path);
      else {
        add(name, path);
        if (ending.test(name)) add(stemKey(name), path);
      }
    }
  }
  return index;
}

/** No file has such a name, so that names and stems can be in one map. */
function stemKey(name: string): string {
  return `${name.replace(ending, "")}/`;
}

/** The file that has the last `depth` parts of a listed path, its ending aside; undefined if there is none. */
function choose(
  path: string,
  depth: number,
  index: ReadonlyMap<string, string[]>,
  root: string,
): string | undefined {
  const parts = partsOf(path);
  const name = parts.at(-1);
  if (name === undefined) return undefined;
  const folders = parts.slice(0, -1);
  const sharedFolders = (candidate: string) => {
    const own = candidate.split("/").slice(0, -1);
    let shared = 0;
    while (shared < folders.length && folders.at(-1 - shared) === own.at(-1 - shared)) shared++;
    return shared;
  };
  for (const key of [name, stemKey(name)]) {
    const candidates = (index.get(key) ?? []).filter((each) => sharedFolders(each) >= depth - 1);
    const most = Math.max(...candidates.map(sharedFolders));
    const nearest = candidates.filter((each) => sharedFolders(each) === most);
    if (nearest.length > 1) throw ambiguous(root, path, nearest.sort());
    if (nearest.length === 1) return nearest[0];
  }
  return undefined;
}
