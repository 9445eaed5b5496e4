/** Opens and reads HDF5 files of images. */

import { DataError } from "../errors.ts";
import { Hdf5Dataset } from "./hdf5_dataset.ts";
import { attributesOf, type Hdf5Handle, openHdf5 } from "./hdf5_library.ts";
import { normalisationFor } from "./normalisation.ts";
import {
  integerNormalisation,
  type PixelNormalisation,
  requireFinite,
  writeFloats,
  writeIntegers,
} from "./pixels.ts";

/** What a data file holds, as it is read. */
export interface DatasetInfo {
  path: string;
  /** Number of images. */
  count: number;
  /** Channels of an image as it is read: the requested number, or the file's own. */
  channels: number;
  height: number;
  width: number;
  /** Labels per image; 0 if labels are not read. */
  labelCount: number;
  /** Channels of an image in the file: 1 if grayscale is repeated. */
  fileChannels: number;
  /** Type of the numbers in the file: float16, float32, float64, uint8 or uint16. */
  dtype: string;
  /** Attributes of the file, `labels` and `img`. For equal names `img` takes precedence, then `labels`. */
  attributes: Record<string, unknown>;
}

/** What a reader expects of a data file, and what it reads. */
export interface DataFileOptions {
  /** Optional number of channels; grayscale is repeated to that number. Default: the file's own. */
  channels?: number;
  /** Optional: whether labels are required (true), read if present ("optional") or not read (false, the default). */
  labels?: boolean | "optional";
  /** Optional: whether a label may be NaN, which means unknown; default: false. Infinity is never allowed. */
  unlabelled?: boolean;
  /** Optional height and width that images must have; default: any. */
  size?: number;
}

/**
 * An HDF5 file of images: `img` [N, C, H, W], [N, 1, H, W] or [N, H, W], and optionally `labels` [N, K].
 *
 * float16, float32 and float64 images are read unchanged, since they are normalised when they are written. uint8 and
 * uint16 images are scaled to 0 … 1 and normalised. Images are read by index; the file is never read whole.
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
  private readonly file: Hdf5Handle;
  private readonly images: Hdf5Dataset;
  private readonly labels: Hdf5Dataset | undefined;
  private readonly normalisation: PixelNormalisation | undefined;
  private readonly mayLackLabels: boolean;

  private constructor(file: Hdf5Handle, options: DataFileOptions) {
    this.file = file;
    this.images = new Hdf5Dataset(file, "img", "[N, C, H, W]");
    this.labels = openLabels(file, options.labels ?? false);
    this.info = describe(file, this.images, this.labels, options);
    this.normalisation = integerNormalisation(this.info.dtype, this.info.channels);
    this.mayLackLabels = options.unlabelled ?? false;
  }

  /**
   * Opens a data file and checks all that can be checked without reading it whole.
   *
   * @throws {DataError} if the file cannot be read or does not have what `options` ask for; the message is one line
   * with the file, what it has and what was expected
   */
  static async open(path: string, options: DataFileOptions = {}): Promise<DataFile> {
    const file = await openHdf5(path);
    let dataFile: DataFile | undefined;
    try {
      dataFile = new DataFile(file, options);
      // An unknown compression must be reported now, not in the middle of a run.
      dataFile.readImages(Uint32Array.of(0));
      return dataFile;
    } catch (error) {
      // After a crash in WebAssembly another call may never return.
      const isUsable = !(error instanceof WebAssembly.RuntimeError);
      if (isUsable) dataFile ? dataFile.close() : file.library.close_file(file.id);
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
        if (this.normalisation) return writeIntegers(row, image, plane, this.normalisation);
        writeFloats(row, image);
        requireFinite(image, "value", () => `${path}: image ${index} (counted from 0)`);
      })
    );
    return images;
  }

  /**
   * Reads the labels of the images `indices` as [indices.length, K].
   *
   * @throws {DataError} if labels cannot be read, or one is Infinity, or NaN without the option `unlabelled`
   */
  readLabels(indices: Uint32Array): Float32Array<ArrayBuffer> {
    const { labelCount, path } = this.info;
    const labels = allocate(path, indices.length, labelCount);
    this.guard(() =>
      this.labels?.readRows(indices, (row, position, index) => {
        for (let label = 0; label < labelCount; label++) {
          labels[position * labelCount + label] = Number(row[label]);
        }
        const own = labels.subarray(position * labelCount, (position + 1) * labelCount);
        const known = this.mayLackLabels ? own.map((label) => Number.isNaN(label) ? 0 : label) : own;
        requireFinite(known, "label", () => `${path}: image ${index} (counted from 0)`);
      })
    );
    return labels;
  }

  /** Whether images are decompressed or normalised as they are read, so that several readers are faster than one. */
  get needsWork(): boolean {
    return this.images.isCompressed || this.normalisation !== undefined;
  }

  /** Closes the file and frees the memory for reads. */
  close(): void {
    this.images.close();
    this.labels?.close();
    this.file.library.close_file(this.file.id);
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

function openLabels(file: Hdf5Handle, mode: boolean | "optional"): Hdf5Dataset | undefined {
  if (mode === false) return undefined;
  if (mode === "optional" && file.library.get_type(file.id, "/labels") < 0) return undefined;
  return new Hdf5Dataset(file, "labels", "[N, K]");
}

const imageTypes: readonly string[] = ["float16", "float32", "float64", "uint8", "uint16"];

function describe(
  file: Hdf5Handle,
  images: Hdf5Dataset,
  labels: Hdf5Dataset | undefined,
  options: DataFileOptions,
): DatasetInfo {
  const { path } = file;
  const { shape } = images;
  const fail = (message: string) => new DataError(`${path}: ${message}`);
  if (!imageTypes.includes(images.elementType)) {
    throw fail(`"img" holds ${images.elementType}, expected ${imageTypes.join(", ")}`);
  }
  if (shape.length !== 3 && shape.length !== 4) {
    throw fail(`"img" has shape [${shape.join(", ")}], expected [N, C, H, W] or [N, H, W]`);
  }
  const [count, fileChannels, height, width] =
    (shape.length === 3 ? [shape[0], 1, ...shape.slice(1)] : shape) as [number, number, number, number];
  if (shape.includes(0)) throw fail(`"img" has shape [${shape.join(", ")}], expected at least one image`);

  const channels = options.channels ?? fileChannels;
  if (fileChannels !== 1 && fileChannels !== channels) {
    throw fail(`images have ${fileChannels} channels, expected ${channels === 1 ? "1" : `1 or ${channels}`}`);
  }
  const { size } = options;
  if (size !== undefined && (height !== size || width !== size)) {
    throw fail(`images are ${height} by ${width}, expected ${size} by ${size}`);
  }
  if (images.elementType.startsWith("uint") && !normalisationFor(channels)) {
    throw fail(`"img" holds ${images.elementType} with ${channels} channels, expected 1 or 3 to normalise`);
  }
  const labelCount = labels ? requireLabelShape(path, labels, count) : 0;
  const attributes = {
    ...attributesOf(file, "/"),
    ...(labels ? attributesOf(file, "/labels") : {}),
    ...attributesOf(file, "/img"),
  };
  return {
    path,
    count,
    channels,
    height,
    width,
    labelCount,
    fileChannels,
    dtype: images.elementType,
    attributes,
  };
}

function requireLabelShape(path: string, { shape }: Hdf5Dataset, count: number): number {
  const [rows, labelCount] = shape;
  if (shape.length !== 2 || !labelCount) {
    throw new DataError(`${path}: "labels" has shape [${shape.join(", ")}], expected [${count}, K]`);
  }
  if (rows !== count) {
    throw new DataError(
      `${path}: holds ${count} images and ${rows} rows of labels, expected one row for each image`,
    );
  }
  return labelCount;
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
function asDataError(path: string, error: unknown): DataError {
  if (error instanceof DataError) return error;
  const message = (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
  // The library's own "error - name not defined!" says nothing that helps.
  const reason = message.startsWith("error - ") ? "" : ` (${message})`;
  return new DataError(`${path}: this HDF5 file cannot be read, it may be damaged${reason}`);
}
