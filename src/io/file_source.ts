/** Files as byte sources. */

import { DataError } from "../errors.ts";
import { allocate, type ByteSource, checkRange } from "./byte_source.ts";
import { fileError } from "./file_error.ts";

/**
 * Opens a file, passes it to `read`, and closes it. `read` need not name the file in its errors: this function adds
 * the name to every DataError that `read` throws.
 *
 * @returns what `read` returns
 * @throws {DataError} if the file does not exist, is not a regular file, is empty, or is refused by `read`; the message
 * is one line that names the file
 */
export async function withFileSource<T>(path: string, read: (source: ByteSource) => T): Promise<T> {
  try {
    // The check comes before opening, because opening a pipe would wait for its writer.
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

/** A source that reads from an open file, which the caller closes. */
export class FileSource implements ByteSource {
  constructor(private readonly file: Deno.FsFile, readonly size: number) {}

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    checkRange(this.size, offset, length);
    const bytes = allocate(length);
    this.file.seekSync(offset, Deno.SeekMode.Start);
    for (let filled = 0; filled < length;) {
      const count = this.file.readSync(bytes.subarray(filled));
      if (count === null) {
        throw new DataError(`the file shrank to ${offset + filled} bytes while it was being read`);
      }
      filled += count;
    }
    return bytes;
  }
}
