import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import { AppendableImageFile, type ImageFileOptions } from "./append.ts";
import { attributesOf, type Hdf5Handle, type LoadedHdf5, loadHdf5, openHdf5 } from "./hdf5_library.ts";
import { changeWhole, forgetJournal, restore } from "./journal.ts";

/** What a run does about files that an earlier one left: nothing but refuse, go on with them, or begin anew. */
export type Beginning = "new" | "resume" | "overwrite";

/** What a resumable file is to hold; its attributes tell whether another run would write the same. */
export interface ResumableFileOptions extends ImageFileOptions {
  attributes: NonNullable<ImageFileOptions["attributes"]>;
  /** Images that it has when it is complete. */
  total: number;
}

/**
 * Writes an HDF5 file of images, as `ImageFileWriter` does, such that a run that ended early, however, can go on. Until it is complete
 * the file is called `….partial`. Each batch is written wholly or not at all, and is on the disk before the next. Since every
 * batch begins with opening the file, a resumed run writes the same bytes as an uninterrupted one.
 */
export class ResumableImageFile {
  private constructor(
    readonly path: string,
    private readonly options: ResumableFileOptions,
    /** Images in the file. */
    public count: number,
    /** Whether an earlier run finished it. */
    readonly isFinished = false,
  ) {}

  /**
   * Looks at what is there; writes nothing yet, but takes back a batch in whose midst an earlier run was killed.
   *
   * @throws DataError if there is something that `beginning` does not allow for
   */
  static async open(
    path: string,
    options: ResumableFileOptions,
    beginning: Beginning,
  ): Promise<ResumableImageFile> {
    const partial = partialName(path);
    const [hasFinished, hasPartial] = [await isThere(path), await isThere(partial)];
    if (beginning === "new" && hasFinished) {
      throw new DataError(`${path}: is there already, expected --overwrite or another --save_path`);
    }
    if (beginning === "new" && hasPartial) {
      throw new DataError(`${partial}: a run ended early, expected --resume or --overwrite`);
    }
    if (beginning === "resume" && hasFinished) {
      await requireSame(path, options, options.total);
      return new ResumableImageFile(path, options, options.total, true);
    }
    if (beginning !== "resume" || !hasPartial) return new ResumableImageFile(path, options, 0);
    await restore(partial);
    return new ResumableImageFile(path, options, await requireSame(partial, options));
  }

  /**
   * Adds a batch: images [n, C, H, W] and, if the file has labels, labels [n, K].
   *
   * @throws DataError if it cannot be written; the batches before it stay
   */
  async append(images: Float32Array, labels?: Float32Array): Promise<void> {
    const { path, options, count } = this;
    const partial = partialName(path);
    try {
      const hdf5 = await loadHdf5();
      if (count === 0) await createEmpty(hdf5, path, options);
      await changeWhole(partial, () => {
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
   * Gives the complete file its name.
   *
   * @throws DataError if the name is a folder's
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

/** A partial file without images, in place of one that may be there. */
async function createEmpty(hdf5: LoadedHdf5, path: string, options: ImageFileOptions): Promise<void> {
  const partial = partialName(path);
  await Deno.remove(partial).catch(() => {});
  await forgetJournal(partial);
  const temporary = join(dirname(path), `.writing-${crypto.randomUUID()}`);
  try {
    AppendableImageFile.create(hdf5, temporary, path, options).close();
    await Deno.rename(temporary, partial);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(path, "cannot read", error);
  }
}

/**
 * The number of images in a file that this run, too, would write.
 *
 * @param wanted how many there must be; any number if left out
 * @throws DataError naming what is different
 */
async function requireSame(path: string, options: ResumableFileOptions, wanted?: number): Promise<number> {
  const { shape, labelCount, attributes } = options;
  const file = await openHdf5(path);
  try {
    const [images, labels] = [shapeOf(file, "/img"), shapeOf(file, "/labels")];
    const found: Record<string, unknown> = {
      ...(images ? attributesOf(file, "/img") : {}),
      shape: images?.slice(1),
      labels: labels?.[1] ?? 0,
      images: wanted === undefined ? undefined : images?.[0],
    };
    for (
      const [name, value] of Object.entries({ ...attributes, shape, labels: labelCount, images: wanted })
    ) {
      const [own, other] = [JSON.stringify(value), JSON.stringify(found[name])];
      if (own === other) continue;
      throw new DataError(
        `${path}: another run's: ${name} is ${other ?? "missing"}, expected ${own}; --overwrite begins anew`,
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
