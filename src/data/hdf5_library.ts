import { fileURLToPath } from "node:url";
import { Dataset, File, Group, ready } from "h5wasm/node";
import { DataError } from "../errors.ts";

/** The HDF5 library, compiled to WebAssembly, and its memory. */
export type Hdf5Library = Awaited<typeof ready>;

/** An HDF5 file that is open for reading. */
export interface Hdf5Handle {
  path: string;
  library: Hdf5Library;
  id: bigint;
}

interface Stream {
  stream_ops?: { write(stream: Stream, bytes: Uint8Array, offset: number, length: number): number };
}

/**
 * Loads the HDF5 library. Its error stack is kept off the terminal: callers say themselves what went wrong.
 * Filters that it lacks come from our own folder alone.
 */
export async function loadHdf5Library(): Promise<Hdf5Library> {
  loading ??= ready.then((library) => {
    silence(library);
    useOwnFilters(library);
    return library;
  });
  return await loading;
}

let loading: Promise<Hdf5Library> | undefined;

function silence(library: Hdf5Library): void {
  const streams = (library.FS as unknown as { streams: Stream[] }).streams;
  // A stream with operations of its own is not passed on to the process's stderr.
  streams[2] = { ...streams[2], stream_ops: { write: (_stream, _bytes, _offset, length) => length } };
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
  await requireSignature(path);
  const library = await loadHdf5Library();
  const id = new File(path, "r").file_id;
  if (id < 0n) {
    throw new DataError(
      `${path}: this HDF5 file cannot be opened: it is cut short, damaged or still being written`,
    );
  }
  return { path, library, id };
}

/** The names in the file's root group. */
export function namesIn({ library, id }: Hdf5Handle): string[] {
  return library.get_names(id, "/", false);
}

/** The attributes of the object `name` that have a JSON form; others (compound, float16 …) are left out. */
export function attributesOf({ id, library }: Hdf5Handle, name: string): Record<string, unknown> {
  const isGroup = library.get_type(id, name) === library.H5G_GROUP;
  const attributes = isGroup ? new Group(id, name).attrs : new Dataset(id, name).attrs;
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

/** The library tells all of these apart only in the error stack that it prints. */
async function requireSignature(path: string): Promise<void> {
  const expected = "expected an HDF5 file";
  const status = await Deno.stat(path).catch((error: Error) => {
    const missing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    throw new DataError(
      `${path}: ${missing ? "no such file" : `cannot be read (${error.message})`}, ${expected}`,
    );
  });
  if (status.isDirectory) throw new DataError(`${path}: is a folder, ${expected}`);
  if (!status.isFile) throw new DataError(`${path}: is not a regular file, ${expected}`);
  if (status.size === 0) throw new DataError(`${path}: is empty, ${expected}`);
  if (!await hasSignature(path, status.size)) {
    throw new DataError(`${path}: is not an HDF5 file (it lacks the HDF5 signature)`);
  }
}

/** The superblock, which begins with the signature, is at 0, 512, 1024, 2048 … (HDF5 file format, section II). */
async function hasSignature(path: string, size: number): Promise<boolean> {
  using file = await Deno.open(path).catch((error: Error) => {
    throw new DataError(`${path}: cannot be read (${error.message}), expected an HDF5 file`);
  });
  const bytes = new Uint8Array(signature.length);
  for (let offset = 0; offset + signature.length <= size; offset = offset === 0 ? 512 : 2 * offset) {
    await file.seek(offset, Deno.SeekMode.Start);
    await file.read(bytes);
    if (signature.every((byte, index) => bytes[index] === byte)) return true;
  }
  return false;
}
