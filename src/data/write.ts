import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { AppendableImageFile, type ImageFileOptions, type ImageValues } from "./append.ts";
import { loadHdf5 } from "./hdf5_library.ts";

export type { ImageFileOptions };

/**
 * Writes an HDF5 file of images a batch at a time: `img` [N, C, H, W], chunked by image, and `labels` [N, K].
 * The file grows under a temporary name and takes its own when it is finished. Same input, same bytes.
 *
 * ```ts
 * const writer = await ImageFileWriter.create("small.hdf5", { shape: [3, 32, 32], labelCount: 10 });
 * writer.append(images, labels);
 * await writer.finish();
 * ```
 */
export class ImageFileWriter {
  private isSealed = false;

  private constructor(
    private readonly path: string,
    private readonly temporary: string,
    private readonly file: AppendableImageFile,
  ) {}

  /** @throws DataError if the file cannot be written there */
  static async create(path: string, options: ImageFileOptions): Promise<ImageFileWriter> {
    const temporary = join(dirname(path), `.writing-${crypto.randomUUID()}`);
    return new ImageFileWriter(
      path,
      temporary,
      AppendableImageFile.create(await loadHdf5(), temporary, path, options),
    );
  }

  /** Images written so far. */
  get count(): number {
    return this.file.count;
  }

  /**
   * Adds images [n, C, H, W] and, if the file has them, labels [n, K] and n paths; NaN is a label like any other.
   *
   * @throws DataError if the sizes do not fit or the disk is full
   */
  append(images: ImageValues, labels?: Float32Array, paths?: readonly string[]): void {
    this.file.append(images, labels, paths);
  }

  /**
   * Closes the file and brings it to the disk, under its temporary name still. `finish` does so too; where several files are to come
   * into being together, all are sealed before the first gets its name.
   *
   * @throws DataError if the disk is full; nothing is left behind
   */
  async seal(): Promise<void> {
    if (this.isSealed) return;
    try {
      this.isSealed = true;
      this.file.close();
      await flush(this.temporary);
    } catch (error) {
      this.remove();
      throw error instanceof DataError ? error : fileError(this.path, "cannot write", error);
    }
  }

  /**
   * Closes the file and gives it its name.
   *
   * @throws DataError if the disk is full or the name is a folder's; nothing is left behind
   */
  async finish(): Promise<void> {
    await this.seal();
    try {
      await Deno.rename(this.temporary, this.path);
    } catch (error) {
      this.remove();
      throw error instanceof DataError ? error : fileError(this.path, "cannot write", error);
    }
  }

  /** Closes the file and removes what was written. */
  abort(): void {
    if (!this.isSealed) this.file.abandon();
    this.remove();
  }

  private remove(): void {
    try {
      Deno.removeSync(this.temporary);
    } catch {
      // It may never have come into being.
    }
  }
}

/** Brings what was written from the system's memory to the disk. */
async function flush(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}
