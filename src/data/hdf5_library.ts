import { fileURLToPath } from "node:url";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";

/** The classes that the library comes with. */
export type Hdf5Classes = typeof import("h5wasm/node");

/** The HDF5 library, compiled to WebAssembly, and its memory. */
export type Hdf5Library = Awaited<Hdf5Classes["ready"]>;

/** An HDF5 file that is open for reading. */
export interface Hdf5Handle {
  path: string;
  library: Hdf5Library;
  root: InstanceType<Hdf5Classes["File"]>;
  id: bigint;
  /** Where its superblock begins, from which addresses in it count. */
  start: number;
}

/** What is used of the library's file system: all it writes, to files and to stderr, goes through `write`. */
interface FileSystem {
  write(stream: FileStream, bytes: Int8Array, offset: number, length: number, position?: number): number;
}

interface FileStream {
  fd: number;
  /** Where a write without a position begins. */
  position: number;
}

/** Told, before the library writes to a file, where and how many bytes; where it throws, the write fails. */
type Witness = (position: number, length: number) => void;

/** The library and the classes around it. */
export interface LoadedHdf5 {
  library: Hdf5Library;
  classes: Hdf5Classes;
}

let loading: Promise<LoadedHdf5> | undefined;
let failedWrites = 0;
let witness: Witness | undefined;

/** How many times the library could not write to a file so far, as on a full disk. */
export function countFailedWrites(): number {
  return failedWrites;
}

/** Runs `action`, and shows `see` each write that the library does in it. */
export function witnessWrites(see: Witness, action: () => void): void {
  witness = see;
  try {
    action();
  } finally {
    witness = undefined;
  }
}

/**
 * Loads the HDF5 library, once. It says nothing on the terminal: callers say themselves what went wrong.
 * Filters that it lacks come from our own folder alone.
 */
export function loadHdf5(): Promise<LoadedHdf5> {
  loading ??= load();
  return loading;
}

async function load(): Promise<LoadedHdf5> {
  const report = console.error;
  let isLoading = true;
  // The library keeps the console.error that it finds now; that one falls silent as soon as it is loaded.
  console.error = (...words: unknown[]) => {
    if (isLoading) report(...words);
  };
  try {
    const classes = await import("h5wasm/node");
    const library = await classes.ready;
    watchWrites(library);
    useOwnFilters(library);
    return { library, classes };
  } finally {
    isLoading = false;
    console.error = report;
  }
}

/** Keeps the library's error stack off stderr, and counts the writes that fail: some it tells nobody about. */
function watchWrites(library: Hdf5Library): void {
  const files = library.FS as unknown as FileSystem;
  const { write } = files;
  files.write = (stream, bytes, offset, length, position) => {
    if (stream.fd === 2) return length;
    try {
      tellWitness(position ?? stream.position, length);
      return write(stream, bytes, offset, length, position);
    } catch (error) {
      failedWrites++;
      throw error;
    }
  };
}

/** The number of a failed input or output, by which the library is told of one (WASI's errno). */
const inputOutputError = 29;

function tellWitness(position: number, length: number): void {
  try {
    witness?.(position, length);
  } catch (error) {
    throw Object.assign(new Error(), { name: "ErrnoError", errno: inputOutputError, cause: error });
  }
}

/** The system's folders, which the library would search too, hold native code that it cannot run. */
function useOwnFilters(library: Hdf5Library): void {
  const systemFolders = library.get_plugin_search_paths().length;
  for (let folder = 0; folder < systemFolders; folder++) library.remove_plugin_search_path(0);
  library.insert_plugin_search_path(fileURLToPath(new URL("./filters/", import.meta.url)), 0);
}

/**
 * Opens an HDF5 file by its path; nothing but its superblock and root group is read.
 *
 * @throws DataError if it is missing, empty, a folder, no HDF5 file, or cut short
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

/** The attributes of the object `name` that have a JSON form; others (compound, float16 …) are left out. */
export function attributesOf({ root }: Hdf5Handle, name: string): Record<string, unknown> {
  const attributes = (root.get(name) as InstanceType<Hdf5Classes["Dataset" | "Group"]>).attrs;
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(attributes)) {
    try {
      values[key] = attributes[key]!.json_value;
    } catch {
      // Attributes only inform: one that has no JSON form is no reason to refuse the data.
    }
  }
  return values;
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Where the signature is. The library tells all of these apart only in the error stack that it prints. */
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

/** The superblock, which begins with the signature, is at 0, 512, 1024, 2048 … (HDF5 file format, section II). */
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
