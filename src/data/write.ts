/** Writes HDF5 files of images. */

import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { commit } from "./commit.ts";
import { AppendableImageFile, type ImageFileOptions, type ImageValues } from "./append.ts";
import { loadHdf5 } from "./hdf5_library.ts";

export type { ImageFileOptions };

/**
 * Writes an HDF5 file of images batch by batch: `img` [N, C, H, W], chunked by image, and optionally `labels` [N, K]
 * and `paths` [N]. The file has a temporary name in the same folder until `finish`. Equal calls write equal bytes.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * const writer = await ImageFileWriter.create(`${folder}/small.hdf5`, { shape: [3, 32, 32], labelCount: 10 });
 * writer.append(new Float32Array(2 * 3 * 32 * 32), new Float32Array(2 * 10));
 * assertEquals(writer.count, 2);
 * await writer.finish();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class ImageFileWriter {
  private isSealed = false;

  private constructor(
    /** The file's final name. */
    readonly path: string,
    /** The file's name until `finish`. */
    readonly temporary: string,
    private readonly file: AppendableImageFile,
  ) {}

  /**
   * Creates the file under its temporary name.
   *
   * @throws {DataError} if the folder does not exist or cannot be written
   */
  static async create(path: string, options: ImageFileOptions): Promise<ImageFileWriter> {
    const temporary = join(dirname(path), `.writing-${crypto.randomUUID()}`);
    return new ImageFileWriter(
      path,
      temporary,
      AppendableImageFile.create(await loadHdf5(), temporary, path, options),
    );
  }

  /** Number of images written so far. */
  get count(): number {
    return this.file.count;
  }

  /**
   * Appends images [n, C, H, W] and, if the file has them, labels [n, K] and n paths. A label may be NaN.
   *
   * @throws {DataError} if the sizes or types do not fit the file, or the disk is full
   */
  append(images: ImageValues, labels?: Float32Array, paths?: readonly string[]): void {
    this.file.append(images, labels, paths);
  }

  /**
   * Closes the file and flushes it to the disk, still under its temporary name. `finish` does that, too.
   *
   * @throws {DataError} if the disk is full; the temporary file is then removed
   */
  async seal(): Promise<void> {
    if (this.isSealed) return;
    try {
      this.isSealed = true;
      this.file.close();
      await flush(this.temporary);
    } catch (error) {
      this.removeTemporary();
      throw error instanceof DataError ? error : fileError(this.path, "cannot write", error);
    }
  }

  /**
   * Closes the file and gives it its final name. `ImageFileWriter.finishTogether` does that for several files.
   *
   * @throws {DataError} if the disk is full or a folder has the name; the temporary file is then removed
   */
  async finish(): Promise<void> {
    await ImageFileWriter.finishTogether([this]);
  }

  /**
   * Closes files of one folder and gives them their final names. If the process is ended meanwhile, `completeCommits`
   * completes that or none has its name.
   *
   * @throws {DataError} if the disk is full or a folder has a name; the temporary files are then removed
   */
  static async finishTogether(writers: readonly ImageFileWriter[]): Promise<void> {
    try {
      for (const writer of writers) await writer.seal();
      await commit(writers);
    } catch (error) {
      for (const writer of writers) writer.abort();
      throw error;
    }
  }

  /** Closes the file and removes what was written. */
  abort(): void {
    if (!this.isSealed) this.file.abandon();
    this.removeTemporary();
  }

  private removeTemporary(): void {
    try {
      Deno.removeSync(this.temporary);
    } catch {
      // It may not exist.
    }
  }
}

/** Makes the operating system write the file to the disk. */
async function flush(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}
