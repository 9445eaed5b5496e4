/** Loads the HDF5 library and opens files with it. */

import { resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";

/** The library's JavaScript classes. */
export type Hdf5Classes = typeof import("h5wasm/node");

/** The library's functions, compiled to WebAssembly, and its memory. */
export type Hdf5Library = Awaited<Hdf5Classes["ready"]>;

/** An HDF5 file that is open for reading. */
export interface Hdf5Handle {
  path: string;
  library: Hdf5Library;
  root: InstanceType<Hdf5Classes["File"]>;
  id: bigint;
  /** Position of its superblock in bytes. Addresses in the file count from there. */
  start: number;
}

/** The part of the library's file system that is used here. All output, also to stderr, goes through `write`. */
interface FileSystem {
  open(path: string, flags: number, mode?: number): FileStream;
  write(stream: FileStream, bytes: Int8Array, offset: number, length: number, position?: number): number;
}

interface FileStream {
  fd: number;
  /** Position of a write that names none. */
  position: number;
}

/** Called before each write to a file with its position and length in bytes. If it throws, the write fails. */
type WriteObserver = (position: number, length: number) => void;

/** The library's functions and classes. */
export interface LoadedHdf5 {
  library: Hdf5Library;
  classes: Hdf5Classes;
}

let loading: Promise<LoadedHdf5> | undefined;
let failedWrites = 0;
let observer: WriteObserver | undefined;

/** Number of writes that have failed so far, for instance on a full disk. */
export function countFailedWrites(): number {
  return failedWrites;
}

/** Runs `action` and calls `observe` before each write of the library. */
export function observeWrites(observe: WriteObserver, action: () => void): void {
  observer = observe;
  try {
    action();
  } finally {
    observer = undefined;
  }
}

/**
 * Loads the HDF5 library, once. The library prints nothing; callers report what went wrong. Filters that are not built
 * in come only from `filterFolders`.
 */
export function loadHdf5(): Promise<LoadedHdf5> {
  loading ??= load();
  return loading;
}

async function load(): Promise<LoadedHdf5> {
  const report = console.error;
  let isLoading = true;
  // The library keeps the console.error that it finds while it loads. After that, this one prints nothing.
  console.error = (...words: unknown[]) => {
    if (isLoading) report(...words);
  };
  try {
    const classes = await import("h5wasm/node");
    const library = await classes.ready;
    watchWrites(library);
    guardReads(library);
    useBundledFilters(library);
    return { library, classes };
  } finally {
    isLoading = false;
    console.error = report;
  }
}

/**
 * Suppresses the library's error stack on stderr and counts failed writes, some of which the library does not report.
 */
function watchWrites(library: Hdf5Library): void {
  const files = library.FS as unknown as FileSystem;
  const { write } = files;
  files.write = (stream, bytes, offset, length, position) => {
    if (stream.fd === 2) return length;
    try {
      notifyObserver(position ?? stream.position, length);
      return write(stream, bytes, offset, length, position);
    } catch (error) {
      failedWrites++;
      throw error;
    }
  };
}

/** The files that the library may open, by their absolute paths. */
const allowed = new Set<string>();

/**
 * Lets the library open a file to which another file leads, for instance the source of a virtual dataset. Files that
 * are opened by name need no permission.
 */
export function allowFile(path: string): void {
  allowed.add(resolve(path));
}

/**
 * Makes the library open only files that were opened by name or allowed. Otherwise a file could contain links that lead
 * to any file that the user can read.
 */
function guardReads(library: Hdf5Library): void {
  const { open } = library;
  library.open = (path, ...options) => {
    allowFile(path);
    return open.call(library, path, ...options);
  };
  const files = library.FS as unknown as FileSystem;
  const { open: openStream } = files;
  files.open = (path, flags, mode) => {
    const isFilter = filterFolders.some((folder) => (resolve(path) + sep).startsWith(resolve(folder) + sep));
    const isAllowed = isFilter || allowed.has(resolve(path));
    if (!isAllowed) throw Object.assign(new Error(), { name: "ErrnoError", errno: permissionError });
    return openStream(path, flags, mode);
  };
}

/** WASI's errno for a failed input or output. */
const inputOutputError = 29;
/** WASI's errno for a missing permission. */
const permissionError = 2;

function notifyObserver(position: number, length: number): void {
  try {
    observer?.(position, length);
  } catch (error) {
    throw Object.assign(new Error(), { name: "ErrnoError", errno: inputOutputError, cause: error });
  }
}

/** Folders of filters in WebAssembly: those of the package h5wasm-plugins, and LZF, in the folder beside this file. */
const filterFolders = [
  new URL("./plugins/", import.meta.resolve("h5wasm-plugins")),
  new URL("./filters/", import.meta.url),
].map((folder) => fileURLToPath(folder));

/** Replaces the system's folders of filters, whose native code the library cannot run. */
function useBundledFilters(library: Hdf5Library): void {
  const systemFolders = library.get_plugin_search_paths().length;
  for (let folder = 0; folder < systemFolders; folder++) library.remove_plugin_search_path(0);
  for (const folder of filterFolders) library.insert_plugin_search_path(folder, 0);
}

/**
 * Opens an HDF5 file. Only its superblock and root group are read.
 *
 * @throws {DataError} if the file is missing, empty, a folder, cut short or not an HDF5 file
 */
export async function openHdf5(path: string): Promise<Hdf5Handle> {
  const start = await requireSignature(path);
  const { library, classes } = await loadHdf5();
  const root = new classes.File(path, "r");
  if (root.file_id < 0n) {
    throw new DataError(
      `${path}: this HDF5 file cannot be opened: it is cut short, damaged or still being written`,
    );
  }
  return { path, library, root, id: root.file_id, start };
}

/** The attributes of the object `name` as JSON values. Attributes without a JSON form are left out. */
export function attributesOf({ root }: Hdf5Handle, name: string): Record<string, unknown> {
  const attributes = (root.get(name) as InstanceType<Hdf5Classes["Dataset" | "Group"]>).attrs;
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(attributes)) {
    try {
      values[key] = attributes[key]!.json_value;
    } catch {
      // Attributes are information only, so one without a JSON form is no reason to refuse the file.
    }
  }
  return values;
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * The position of the signature. These causes are checked here because the library distinguishes them only in printed
 * text.
 */
async function requireSignature(path: string): Promise<number> {
  const expected = "expected an HDF5 file";
  const status = await Deno.stat(path).catch((error) => {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    throw isMissing
      ? new DataError(`${path}: no such file, ${expected}`)
      : fileError(path, "cannot read", error);
  });
  if (status.isDirectory) throw new DataError(`${path}: is a folder, ${expected}`);
  if (!status.isFile) throw new DataError(`${path}: is not a regular file, ${expected}`);
  if (status.size === 0) throw new DataError(`${path}: is empty, ${expected}`);
  const start = await findSignature(path, status.size);
  if (start === undefined) {
    throw new DataError(`${path}: is not an HDF5 file (it lacks the HDF5 signature)`);
  }
  return start;
}

/**
 * Looks for the superblock, which starts with the signature, at 0, 512, 1024, 2048 … (HDF5 file format, section II).
 */
async function findSignature(path: string, size: number): Promise<number | undefined> {
  using file = await Deno.open(path).catch((error) => {
    throw fileError(path, "cannot read", error);
  });
  const bytes = new Uint8Array(signature.length);
  for (let offset = 0; offset + signature.length <= size; offset = offset === 0 ? 512 : 2 * offset) {
    await file.seek(offset, Deno.SeekMode.Start);
    await file.read(bytes);
    if (signature.every((byte, index) => bytes[index] === byte)) return offset;
  }
  return undefined;
}
