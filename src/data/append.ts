import { DataError } from "../errors.ts";
import { countFailedWrites, type Hdf5Classes, type Hdf5Library, type LoadedHdf5 } from "./hdf5_library.ts";

/** What a file of images is to hold. */
export interface ImageFileOptions {
  /** [C, H, W] of an image. */
  shape: readonly [channels: number, height: number, width: number];
  /** Labels of each image; 0 writes no `labels`. */
  labelCount: number;
  /** Type of the pixels: float32 (the default), normalised, or uint8, which is scaled and normalised when it is read. */
  dtype?: "float32" | "uint8";
  /** gzip level, 1 to 9. Not packed if left out. */
  gzip?: number;
  /** Bytes in UTF-8 of the longest of the images' paths. Without it no `paths` are written. */
  pathBytes?: number;
  /** Attributes of `img`, as `normalisationAttributes`. */
  attributes?: Record<string, Attribute>;
}

export type Attribute = string | number | readonly string[] | readonly number[];

/** Images [n, C, H, W] of the file's type. */
export type ImageValues = Float32Array | Uint8Array;

/** A chunk for each row of labels, or each path, would be mostly bookkeeping. */
const labelRowsPerChunk = 256;

/**
 * An HDF5 file of images that is open for writing: `img` [N, C, H, W], chunked by image, `labels` [N, K] in float32 and, where they are
 * wanted, `paths` [N]. Images are added behind those that it has. The bytes that are written depend on the images and on how they were divided
 * among calls, on nothing else.
 */
export class AppendableImageFile {
  private readonly library: Hdf5Library;
  private readonly file: InstanceType<Hdf5Classes["File"]>;

  private constructor(
    { library, classes }: LoadedHdf5,
    place: string,
    mode: "w" | "a",
    /** The name that errors begin with: the one that the file will bear. */
    private readonly named: string,
    private readonly options: ImageFileOptions,
    /** Images in the file. */
    public count: number,
  ) {
    this.library = library;
    const failedBefore = countFailedWrites();
    this.file = timeless(() => new classes.File(place, mode));
    if (this.file.file_id < 0n) {
      if (countFailedWrites() > failedBefore) throw this.writeError();
      throw new DataError(`${named}: cannot be written, expected a place in a folder that can be`);
    }
  }

  /** @throws DataError if there can be no file at `place` */
  static create(hdf5: LoadedHdf5, place: string, named: string, options: ImageFileOptions) {
    const created = new AppendableImageFile(hdf5, place, "w", named, options, 0);
    created.write(() => created.createDatasets());
    return created;
  }

  /** Opens a file that was created with the same options and holds `count` images. */
  static reopen(
    hdf5: LoadedHdf5,
    place: string,
    named: string,
    options: ImageFileOptions,
    count: number,
  ) {
    return new AppendableImageFile(hdf5, place, "a", named, options, count);
  }

  /**
   * Adds images [n, C, H, W] and, if the file has them, labels [n, K] and n paths; NaN is a label like any other.
   *
   * @throws DataError if the sizes do not fit or the disk is full
   */
  append(images: ImageValues, labels?: Float32Array, paths?: readonly string[]): void {
    const { shape, labelCount, dtype = "float32", pathBytes } = this.options;
    const added = images.length / product(shape);
    if (!Number.isInteger(added) || (labels?.length ?? 0) !== added * labelCount) {
      throw new DataError(
        `${this.named}: ${images.length} pixels and ${labels?.length ?? 0} labels, ` +
          `expected ${product(shape)} and ${labelCount} an image`,
      );
    }
    if ((images instanceof Uint8Array) !== (dtype === "uint8") || (pathBytes && paths?.length !== added)) {
      throw new DataError(
        `${this.named}: expected ${dtype} images${pathBytes ? " and a path for each" : ""}`,
      );
    }
    if (added === 0) return;
    this.write(() => {
      this.appendRows("/img", shape, images, added);
      if (labels && labelCount > 0) this.appendRows("/labels", [labelCount], labels, added);
      if (paths && pathBytes) this.appendRows("/paths", [], fixedTexts(paths, pathBytes), added);
    });
    this.count += added;
  }

  /** @throws DataError if what is still to be written does not fit on the disk */
  close(): void {
    this.write(() => this.file.close());
  }

  /** Closes the file whatever becomes of it. */
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
      throw new DataError(`${this.named}: ${added} images at once do not fit in memory, write fewer`);
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

  /** Lets the library write; it keeps some failures to itself. */
  private write(action: () => void): void {
    const failedBefore = countFailedWrites();
    timeless(action);
    if (countFailedWrites() > failedBefore) throw this.writeError();
  }

  private writeError(): DataError {
    return new DataError(`${this.named}: writing failed, the disk may be full`);
  }
}

/** The library stamps objects with the time; without this two equal files would differ in their bytes. */
function timeless<Result>(write: () => Result): Result {
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

/** Texts in UTF-8, each filled up with zeros. */
function fixedTexts(texts: readonly string[], bytes: number): Uint8Array {
  const values = new Uint8Array(texts.length * bytes);
  texts.forEach((text, index) =>
    new TextEncoder().encodeInto(text, values.subarray(index * bytes, (index + 1) * bytes))
  );
  return values;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
