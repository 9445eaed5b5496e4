/** Writes images into an open HDF5 file. */

import { DataError } from "../errors.ts";
import { countFailedWrites, type Hdf5Classes, type Hdf5Library, type LoadedHdf5 } from "./hdf5_library.ts";

/** What a file of images holds. */
export interface ImageFileOptions {
  /** [C, H, W] of an image. */
  shape: readonly [channels: number, height: number, width: number];
  /** Labels per image; the file has no `labels` if it is 0. */
  labelCount: number;
  /**
   * Optional type of the pixels; default: float32. float32 images are stored normalised; uint8 images are scaled and
   * normalised when they are read.
   */
  dtype?: "float32" | "uint8";
  /** Optional gzip level, 1 to 9; default: no compression. */
  gzip?: number;
  /** Optional length in UTF-8 bytes of the longest image path; default: the file has no `paths`. */
  pathBytes?: number;
  /** Optional attributes of `img`, for instance `normalisationAttributes`. */
  attributes?: Record<string, Attribute>;
}

/** The value of an attribute: a text, a number, or a list of either. */
export type Attribute = string | number | readonly string[] | readonly number[];

/** Images [n, C, H, W] in the file's type. */
export type ImageValues = Float32Array | Uint8Array;

/** Rows of `labels` and `paths` per chunk. One row per chunk would cost more bookkeeping than data. */
const labelRowsPerChunk = 256;

/**
 * An HDF5 file of images that is open for writing: `img` [N, C, H, W], chunked by image, and optionally `labels` [N, K]
 * in float32 and `paths` [N]. Images are appended. The file's bytes depend only on the images and on how calls of
 * `append` divide them.
 */
export class AppendableImageFile {
  private readonly library: Hdf5Library;
  private readonly file: InstanceType<Hdf5Classes["File"]>;

  private constructor(
    { library, classes }: LoadedHdf5,
    location: string,
    mode: "w" | "a",
    /** The file's final name, with which errors begin. */
    private readonly finalPath: string,
    private readonly options: ImageFileOptions,
    /** Images in the file. */
    public count: number,
  ) {
    this.library = library;
    const failedBefore = countFailedWrites();
    this.file = withoutTime(() => new classes.File(location, mode));
    if (this.file.file_id < 0n) {
      if (countFailedWrites() > failedBefore) throw this.writeError();
      throw new DataError(`${finalPath}: cannot be written; expected a path in an existing, writable folder`);
    }
  }

  /**
   * Creates a file without images.
   *
   * @param location where the file is written
   * @param finalPath the name that it gets later, with which errors begin
   * @throws {DataError} if the file cannot be created
   */
  static create(hdf5: LoadedHdf5, location: string, finalPath: string, options: ImageFileOptions) {
    const created = new AppendableImageFile(hdf5, location, "w", finalPath, options, 0);
    created.write(() => created.createDatasets());
    return created;
  }

  /**
   * Opens a file that was created with the same options and holds `count` images.
   *
   * @throws {DataError} if the file cannot be opened
   */
  static reopen(
    hdf5: LoadedHdf5,
    location: string,
    finalPath: string,
    options: ImageFileOptions,
    count: number,
  ) {
    return new AppendableImageFile(hdf5, location, "a", finalPath, options, count);
  }

  /**
   * Appends images [n, C, H, W] and, if the file has them, labels [n, K] and n paths. A label may be NaN.
   *
   * @throws {DataError} if the sizes or types do not fit the file, or the disk is full
   */
  append(images: ImageValues, labels?: Float32Array, paths?: readonly string[]): void {
    const { shape, labelCount, dtype = "float32", pathBytes } = this.options;
    const added = images.length / product(shape);
    if (!Number.isInteger(added) || (labels?.length ?? 0) !== added * labelCount) {
      throw new DataError(
        `${this.finalPath}: ${images.length} pixels and ${labels?.length ?? 0} labels, ` +
          `expected ${product(shape)} and ${labelCount} for each image`,
      );
    }
    if ((images instanceof Uint8Array) !== (dtype === "uint8") || (pathBytes && paths?.length !== added)) {
      throw new DataError(
        `${this.finalPath}: expected ${dtype} images${pathBytes ? " and a path for each of them" : ""}`,
      );
    }
    if (added === 0) return;
    this.write(() => {
      this.appendRows("/img", shape, images, added);
      if (labels && labelCount > 0) this.appendRows("/labels", [labelCount], labels, added);
      if (paths && pathBytes) this.appendRows("/paths", [], paddedTexts(paths, pathBytes), added);
    });
    this.count += added;
  }

  /**
   * Writes the rest and closes the file.
   *
   * @throws {DataError} if the disk is full
   */
  close(): void {
    this.write(() => this.file.close());
  }

  /** Closes a file that is not needed any more; errors of writing are ignored. */
  abandon(): void {
    this.file.close();
  }

  private createDatasets(): void {
    const { shape, labelCount, dtype = "float32", gzip, pathBytes, attributes = {} } = this.options;
    const create = (
      name: string,
      dtype: string,
      row: readonly number[],
      rowsPerChunk: number,
      compression?: number,
    ) =>
      this.file.create_dataset({
        name,
        data: new Float32Array(0),
        dtype,
        shape: [0, ...row],
        maxshape: [null, ...row],
        chunks: [rowsPerChunk, ...row],
        compression,
      });
    const images = create("img", dtype === "uint8" ? "<B" : "<f", shape, 1, gzip);
    if (labelCount > 0) create("labels", "<f", [labelCount], labelRowsPerChunk);
    if (pathBytes) create("paths", `S${pathBytes}`, [], labelRowsPerChunk);
    for (const [name, value] of Object.entries(attributes)) writeAttribute(images, name, value);
  }

  private appendRows(name: string, row: readonly number[], values: ImageValues, added: number): void {
    const sizes = (first: number) => [first, ...row].map(BigInt);
    const offsets = [this.count, ...row.map(() => 0)].map(BigInt);
    const { file_id } = this.file;
    const pointer = this.library._malloc(values.byteLength);
    if (pointer === 0) {
      throw new DataError(
        `${this.finalPath}: ${added} images do not fit in memory at once; append fewer at a time`,
      );
    }
    try {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      this.library.HEAPU8.set(bytes, pointer);
      const strides = offsets.map(() => 1n);
      const resized = this.library.resize_dataset(file_id, name, sizes(this.count + added));
      const written = this.library
        .set_dataset_data(file_id, name, sizes(added), offsets, strides, BigInt(pointer));
      if (resized < 0 || written < 0) throw this.writeError();
    } finally {
      this.library._free(pointer);
    }
  }

  /** Runs `action`, in which the library writes, and checks for failures that it does not report. */
  private write(action: () => void): void {
    const failedBefore = countFailedWrites();
    withoutTime(action);
    if (countFailedWrites() > failedBefore) throw this.writeError();
  }

  private writeError(): DataError {
    return new DataError(`${this.finalPath}: writing failed, the disk may be full`);
  }
}

/** Runs `write` with the clock at zero: the library stores the time, and equal files must have equal bytes. */
function withoutTime<Result>(write: () => Result): Result {
  const now = Date.now;
  Date.now = () => 0;
  try {
    return write();
  } finally {
    Date.now = now;
  }
}

function writeAttribute(
  dataset: InstanceType<Hdf5Classes["Dataset"]>,
  name: string,
  value: Attribute,
): void {
  if (typeof value === "number") dataset.create_attribute(name, value, [], "<d");
  else if (typeof value === "string") dataset.create_attribute(name, value);
  else if (typeof value[0] === "number") dataset.create_attribute(name, value as number[], null, "<d");
  else dataset.create_attribute(name, value as string[]);
}

/** Texts in UTF-8, each padded with zeros to `bytes`. */
function paddedTexts(texts: readonly string[], bytes: number): Uint8Array {
  const values = new Uint8Array(texts.length * bytes);
  texts.forEach((text, index) =>
    new TextEncoder().encodeInto(text, values.subarray(index * bytes, (index + 1) * bytes))
  );
  return values;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
