import { DataError } from "../errors.ts";
import { fileError } from "./file_error.ts";

/** Bytes that can be read from any place: a file, or a part of one unpacked into memory. */
export interface ByteSource {
  readonly size: number;
  /**
   * `length` bytes from `offset`, in a buffer of their own. @throws DataError where the source ends before.
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/**
 * Opens a file for `read` and closes it after. Readers below name no file in their errors: this function
 * does.
 *
 * @throws DataError, one line naming the file, where it is missing, no regular file, empty, or `read` refuses
 * it.
 */
export async function readingFile<T>(path: string, read: (source: ByteSource) => T): Promise<T> {
  try {
    // Asked before opening: opening a pipe would wait for its writer.
    const { isFile, isDirectory } = await Deno.stat(path);
    if (!isFile) throw new DataError(isDirectory ? "it is a folder" : "it is not a regular file");
    using file = await Deno.open(path);
    const { size } = await file.stat();
    if (size === 0) throw new DataError("the file is empty");
    return read(new FileSource(file, size));
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
}

class FileSource implements ByteSource {
  readonly #file: Deno.FsFile;

  constructor(file: Deno.FsFile, readonly size: number) {
    this.#file = file;
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    checkRange(this.size, offset, length);
    const bytes = allocate(length);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let filled = 0; filled < length;) {
      const count = this.#file.readSync(bytes.subarray(filled));
      if (count === null) {
        throw new DataError(`the file was cut to ${offset + filled} bytes while it was read`);
      }
      filled += count;
    }
    return bytes;
  }
}

/** A source over bytes in memory. */
export function memorySource(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      checkRange(bytes.length, offset, length);
      return bytes.slice(offset, offset + length);
    },
  };
}

/** A part of a source as a source. */
export function partOf(source: ByteSource, start: number, size: number): ByteSource {
  checkRange(source.size, start, size);
  return {
    size,
    read(offset, length) {
      checkRange(size, offset, length);
      return source.read(start + offset, length);
    },
  };
}

/** `length` zero bytes. @throws DataError where the memory does not hold them. */
export function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch {
    throw new DataError(`it needs ${length} bytes of memory in one piece, which cannot be had`);
  }
}

function checkRange(size: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    throw new DataError(
      `the file is cut short or damaged: ${length} bytes are expected at ${offset}, of ${size}`,
    );
  }
}
