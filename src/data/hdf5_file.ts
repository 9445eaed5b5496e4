/** Opens and reads HDF5 files of images. */

import { DataError, UsageError } from "../errors.ts";
import {
  type DataFileOptions,
  type DatasetInfo,
  describe,
  type Description,
  type OpenDatasets,
  usualKeys,
} from "./dataset_info.ts";
import { Hdf5Dataset, type Row } from "./hdf5_dataset.ts";
import { type Hdf5Handle, openHdf5 } from "./hdf5_library.ts";
import { requireOwnNumbers, resolveObject } from "./hdf5_links.ts";
import type { PixelRange } from "./input_range.ts";
import {
  normalisationOf,
  type PixelNormalisation,
  requireFinite,
  toPlanes,
  writeFloats,
  writeIntegers,
} from "./pixels.ts";

export type { DataFileOptions, DatasetInfo };

/**
 * An HDF5 file of images: `img` [N, C, H, W], [N, 1, H, W], [N, H, W] or [N, H, W, C], and optionally `labels` [N, K]
 * or [N].
 *
 * Normalised float16, float32 and float64 images are read unchanged. Other images are scaled to 0 … 1 and normalised;
 * see `chooseScale`. Images are read by index; the file is never read whole.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ImageFileWriter } from "./write.ts";
 *
 * const path = await Deno.makeTempFile({ suffix: ".hdf5" });
 * const writer = await ImageFileWriter.create(path, { shape: [1, 2, 2], labelCount: 1 });
 * writer.append(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), Float32Array.of(0, 1));
 * await writer.finish();
 *
 * const file = await DataFile.open(path, { labels: true });
 * assertEquals([file.info.count, file.info.channels, file.info.height, file.info.width], [2, 1, 2, 2]);
 * assertEquals(file.readImages(Uint32Array.of(1)), Float32Array.of(5, 6, 7, 8));
 * assertEquals(file.readLabels(Uint32Array.of(1, 0)), Float32Array.of(1, 0));
 * file.close();
 * await Deno.remove(path);
 * ```
 */
export class DataFile {
  readonly info: DatasetInfo;
  private readonly images: Hdf5Dataset;
  private readonly description: Description;
  private readonly normalisation: PixelNormalisation | undefined;

  /** @param files the open files, first the data file itself, then those to which its links lead */
  private constructor(
    private readonly files: readonly Hdf5Handle[],
    datasets: OpenDatasets,
    options: DataFileOptions,
  ) {
    this.images = datasets.images;
    this.description = describe(files[0]!, datasets, options);
    const { info, scale } = this.description;
    this.info = info;
    this.normalisation = scale.by && normalisationOf(scale.by, info.channels, info.dtype === "uint8");
  }

  /**
   * Opens a data file and checks all that can be checked without reading it whole.
   *
   * @throws {DataError} if the file cannot be read or does not have what `options` ask for; the message is one line
   * with the file, what it has and what was expected
   */
  static async open(path: string, options: DataFileOptions = {}): Promise<DataFile> {
    const files = [await openHdf5(path)];
    let dataFile: DataFile | undefined;
    try {
      dataFile = new DataFile(files, await openDatasets(files, options), options);
      // An unknown compression must be reported now, not in the middle of a run.
      dataFile.readImages(Uint32Array.of(0));
      return dataFile;
    } catch (error) {
      // After a crash in WebAssembly another call may never return.
      const isUsable = !(error instanceof WebAssembly.RuntimeError);
      if (isUsable) dataFile ? dataFile.close() : closeAll(files);
      throw asDataError(path, error);
    }
  }

  /**
   * Reads the images `indices` as [indices.length, C, H, W], normalised.
   *
   * @param memory optional array that is filled and returned if its length fits; default: a new array, which is slower
   * @throws {DataError} if an image cannot be read or holds NaN or Infinity; the message names its index, from 0
   */
  readImages(indices: Uint32Array, memory?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
    const { channels, height, width, path } = this.info;
    const plane = height * width;
    const fits = memory?.length === indices.length * channels * plane;
    const images = fits ? memory : allocate(path, indices.length, channels * plane);
    this.guard(() =>
      this.images.readRows(indices, (row, position, index) => {
        const image = images.subarray(position * channels * plane, (position + 1) * channels * plane);
        this.write(row, image, index);
      })
    );
    return images;
  }

  /** Writes a row to an image [C, H, W], normalised. */
  private write(row: Row, image: Float32Array, index: number): void {
    const { info: { path, fileChannels, height, width, dtype }, scale, isChannelsLast } = this.description;
    const planes = isChannelsLast ? toPlanes(row, fileChannels) : row;
    const where = () => `${path}: image ${index} (counted from 0)`;
    if (scale.isGuess) requireInRange(planes, scale.by as PixelRange, where);
    if (this.normalisation) writeIntegers(planes, image, height * width, this.normalisation);
    else writeFloats(planes, image);
    if (dtype.startsWith("float")) requireFinite(image, "value", where);
  }

  /**
   * Reads the labels of the images `indices` as [indices.length, K].
   *
   * @throws {DataError} if labels cannot be read, or one is Infinity, or NaN without the option `unlabelled`
   */
  readLabels(indices: Uint32Array): Float32Array<ArrayBuffer> {
    const { labelCount, path } = this.info;
    const labels = allocate(path, indices.length, labelCount);
    this.guard(() => this.description.labels?.read(indices, labels));
    return labels;
  }

  /** Whether images are decompressed or normalised as they are read, so that several readers are faster than one. */
  get needsWork(): boolean {
    return this.images.isCompressed || this.normalisation !== undefined;
  }

  /** Closes the file and frees the memory for reads. */
  close(): void {
    this.images.close();
    this.description.labels?.close();
    closeAll(this.files);
  }

  private guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      throw asDataError(this.info.path, error);
    }
  }
}

/**
 * Checks that a codec can encode the images.
 *
 * @param stride the product of the codec's strides
 * @throws {DataError} if height or width is not divisible by `stride`
 */
export function requireDivisible({ path, height, width }: DatasetInfo, stride: number): void {
  if (height % stride === 0 && width % stride === 0) return;
  throw new DataError(
    `${path}: images are ${height} by ${width}, expected height and width divisible by ${stride}, ` +
      "the codec's total stride",
  );
}

/** Opens the datasets. Files to which links lead are added to `files`. */
async function openDatasets(files: Hdf5Handle[], options: DataFileOptions): Promise<OpenDatasets> {
  const { images_key = usualKeys.images, labels_key = usualKeys.labels, labels: mode = false } = options;
  const file = files[0]!;
  const open = async (key: string, expectedShape: string) => {
    const at = await resolveObject(file, key, files);
    await requireOwnNumbers(at);
    return { at, dataset: new Hdf5Dataset(at.file, at.name, expectedShape) };
  };
  const images = await open(images_key, "[N, C, H, W]");
  const isWanted = mode === true ||
    (mode === "optional" && file.library.get_type(file.id, `/${labels_key}`) >= 0);
  const labels = isWanted ? await open(labels_key, "[N, K]") : undefined;
  return { images: images.dataset, imagesAt: images.at, labels: labels?.dataset, labelsAt: labels?.at };
}

function closeAll(files: readonly Hdf5Handle[]): void {
  for (const { library, id } of files) library.close_file(id);
}

/** @throws {DataError} if a value is outside the range that a sample had */
function requireInRange(row: Row, { black, white }: PixelRange, where: () => string): void {
  for (let index = 0; index < row.length; index++) {
    if (row[index]! < black || row[index]! > white) {
      throw new DataError(
        `${where()} has ${
          row[index]
        } as value ${index}, although a sample of images has ${black} to ${white}; ` +
          "state the range with --input_range",
      );
    }
  }
}

function allocate(path: string, count: number, elements: number): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(count * elements);
  } catch {
    throw new DataError(
      `${path}: ${count} images of ${elements} values do not fit in memory; use a smaller batch`,
    );
  }
}

/** One line for any error that a damaged file causes in the library. */
function asDataError(path: string, error: unknown): DataError | UsageError {
  if (error instanceof DataError || error instanceof UsageError) return error;
  const message = (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
  // The library's own "error - name not defined!" says nothing that helps.
  const reason = message.startsWith("error - ") ? "" : ` (${message})`;
  return new DataError(`${path}: this HDF5 file cannot be read, it may be damaged${reason}`);
}
