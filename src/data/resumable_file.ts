/** HDF5 files that grow batch by batch and that an interrupted run can continue. */

import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { AppendableImageFile, type ImageFileOptions } from "./append.ts";
import { attributesOf, type Hdf5Handle, type LoadedHdf5, loadHdf5, openHdf5 } from "./hdf5_library.ts";
import { changeAtomically, removeJournal, restoreFromJournal } from "./journal.ts";

/**
 * What a run does with files of an earlier run: "new" refuses them, "resume" continues them, "overwrite" replaces
 * them.
 */
export type StartMode = "new" | "resume" | "overwrite";

/** What a resumable file holds. Its attributes identify the run: only a run with equal attributes continues it. */
export interface ResumableFileOptions extends ImageFileOptions {
  attributes: NonNullable<ImageFileOptions["attributes"]>;
  /** Number of images in the complete file. */
  total: number;
}

/**
 * Writes an HDF5 file of images, like `ImageFileWriter`, but so that an interrupted run can continue. Until the file
 * is complete its name ends in `.partial`. Each batch is written completely or not at all, and is on the disk before
 * the next. A resumed run writes the same bytes as an uninterrupted one, since the file is opened anew for every
 * batch.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DataFile } from "./hdf5_file.ts";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/gray.hdf5`;
 * const options = { shape: [1, 2, 2], labelCount: 0, attributes: { source: "example" }, total: 3 } as const;
 * const interrupted = await ResumableImageFile.open(path, options, "new");
 * await interrupted.append(new Float32Array(2 * 4));
 *
 * const resumed = await ResumableImageFile.open(path, options, "resume");
 * assertEquals([resumed.count, resumed.isFinished], [2, false]);
 * await resumed.append(new Float32Array(4));
 * await resumed.finish();
 *
 * const file = await DataFile.open(path);
 * assertEquals(file.info.count, 3);
 * file.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class ResumableImageFile {
  private constructor(
    readonly path: string,
    private readonly options: ResumableFileOptions,
    /** Number of images in the file. */
    public count: number,
    /** Whether an earlier run completed the file. */
    readonly isFinished = false,
  ) {}

  /**
   * Checks which files exist. Nothing is written yet, but a batch that a killed run left incomplete is rolled back.
   *
   * @throws {DataError} if a file exists that `mode` does not allow, or the file to resume belongs to another run
   */
  static async open(
    path: string,
    options: ResumableFileOptions,
    mode: StartMode,
  ): Promise<ResumableImageFile> {
    const partial = partialName(path);
    const [hasFinished, hasPartial] = [await exists(path), await exists(partial)];
    if (mode === "new" && hasFinished) {
      throw new DataError(`${path}: already exists, expected --overwrite or another --save_path`);
    }
    if (mode === "new" && hasPartial) {
      throw new DataError(`${partial}: an earlier run did not finish, expected --resume or --overwrite`);
    }
    if (mode === "resume" && hasFinished) {
      await requireSameRun(path, options, options.total);
      return new ResumableImageFile(path, options, options.total, true);
    }
    if (mode !== "resume" || !hasPartial) return new ResumableImageFile(path, options, 0);
    await restoreFromJournal(partial);
    return new ResumableImageFile(path, options, await requireSameRun(partial, options));
  }

  /**
   * Appends a batch: images [n, C, H, W] and, if the file has labels, labels [n, K].
   *
   * @throws {DataError} if the batch cannot be written; earlier batches remain
   */
  async append(images: Float32Array, labels?: Float32Array): Promise<void> {
    const { path, options, count } = this;
    const partial = partialName(path);
    try {
      const hdf5 = await loadHdf5();
      if (count === 0) await createEmpty(hdf5, path, options);
      await changeAtomically(partial, () => {
        const file = AppendableImageFile.reopen(hdf5, partial, path, options, count);
        try {
          file.append(images, labels);
        } catch (error) {
          file.abandon();
          throw error;
        }
        file.close();
        this.count = file.count;
      });
    } catch (error) {
      this.count = count;
      if (count === 0) await Deno.remove(partial).catch(() => {});
      throw error instanceof DataError ? error : fileError(path, "cannot write", error);
    }
  }

  /**
   * Gives the complete file its final name.
   *
   * @throws {DataError} if the file cannot be renamed, for instance because a folder has its name
   */
  async finish(): Promise<void> {
    try {
      await Deno.rename(partialName(this.path), this.path);
    } catch (error) {
      throw fileError(this.path, "cannot write", error);
    }
  }
}

function partialName(path: string): string {
  return `${path}.partial`;
}

/** Creates a partial file without images. Replaces an existing one. */
async function createEmpty(hdf5: LoadedHdf5, path: string, options: ImageFileOptions): Promise<void> {
  const partial = partialName(path);
  await Deno.remove(partial).catch(() => {});
  await removeJournal(partial);
  const temporary = join(dirname(path), `.writing-${crypto.randomUUID()}`);
  try {
    AppendableImageFile.create(hdf5, temporary, path, options).close();
    await Deno.rename(temporary, partial);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(path, "cannot read", error);
  }
}

/**
 * Checks that a file belongs to a run with the same options; returns the number of its images.
 *
 * @param total optional number of images that it must have; default: any
 * @throws {DataError} if an option differs; the message names it and both values
 */
async function requireSameRun(path: string, options: ResumableFileOptions, total?: number): Promise<number> {
  const { shape, labelCount, attributes } = options;
  const file = await openHdf5(path);
  try {
    const [images, labels] = [shapeOf(file, "/img"), shapeOf(file, "/labels")];
    const found: Record<string, unknown> = {
      ...(images ? attributesOf(file, "/img") : {}),
      shape: images?.slice(1),
      labels: labels?.[1] ?? 0,
      images: total === undefined ? undefined : images?.[0],
    };
    for (
      const [name, value] of Object.entries({ ...attributes, shape, labels: labelCount, images: total })
    ) {
      const [own, other] = [JSON.stringify(value), JSON.stringify(found[name])];
      if (own === other) continue;
      throw new DataError(
        `${path}: belongs to another run: ${name} is ${
          other ?? "missing"
        }, expected ${own}; --overwrite starts again`,
      );
    }
    return images![0]!;
  } finally {
    file.library.close_file(file.id);
  }
}

function shapeOf({ library, id }: Hdf5Handle, name: string): number[] | undefined {
  if (library.get_type(id, name) !== library.H5G_DATASET) return undefined;
  return library.get_dataset_metadata(id, name).shape ?? undefined;
}
