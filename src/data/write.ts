import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { fileError } from "../io/file_error.ts";
import {
  countFailedWrites,
  type Hdf5Classes,
  type Hdf5Library,
  type LoadedHdf5,
  loadHdf5,
} from "./hdf5_library.ts";

export interface ImageFileOptions {
  /** [C, H, W] of an image. */
  shape: [channels: number, height: number, width: number];
  /** Labels of each image; 0 writes no `labels`. */
  labelCount: number;
  /** gzip level, 1 to 9. Not packed if left out. */
  gzip?: number;
  /** Attributes of `img`, as `normalisationAttributes`. */
  attributes?: Record<string, string | number | readonly string[] | readonly number[]>;
}

/** A chunk for each row of labels would be mostly bookkeeping. */
const labelRowsPerChunk = 256;

/**
 * Writes an HDF5 file of images a batch at a time: `img` [N, C, H, W] and `labels` [N, K], float32, `img` chunked by image.
 * The file grows under a temporary name and takes its own when it is finished. Same input, same bytes.
 *
 * ```ts
 * const writer = await ImageFileWriter.create("small.hdf5", { shape: [3, 32, 32], labelCount: 10 });
 * writer.append(images, labels);
 * await writer.finish();
 * ```
 */
export class ImageFileWriter {
  /** Images written so far. */
  count = 0;
  readonly #path: string;
  readonly #temporary: string;
  readonly #options: ImageFileOptions;
  readonly #library: Hdf5Library;
  readonly #file: InstanceType<Hdf5Classes["File"]>;

  private constructor(path: string, options: ImageFileOptions, { library, classes }: LoadedHdf5) {
    this.#path = path;
    this.#temporary = join(dirname(path), `.writing-${crypto.randomUUID()}`);
    this.#options = options;
    this.#library = library;
    this.#file = this.#timeless(() => new classes.File(this.#temporary, "w"));
    if (this.#file.file_id < 0n) {
      throw new DataError(`${path}: cannot be written, expected a place in a folder that can be`);
    }
    this.#write(() => this.#createDatasets());
  }

  /** @throws DataError if the file cannot be written there */
  static async create(path: string, options: ImageFileOptions): Promise<ImageFileWriter> {
    return new ImageFileWriter(path, options, await loadHdf5());
  }

  /**
   * Adds images [n, C, H, W] and, if the file has labels, labels [n, K].
   *
   * @throws DataError if the sizes do not fit or the disk is full
   */
  append(images: Float32Array, labels?: Float32Array): void {
    const { shape, labelCount } = this.#options;
    const added = images.length / product(shape);
    if (!Number.isInteger(added) || (labels?.length ?? 0) !== added * labelCount) {
      throw new DataError(
        `${this.#path}: ${images.length} pixels and ${labels?.length ?? 0} labels, ` +
          `expected ${product(shape)} and ${labelCount} an image`,
      );
    }
    if (added === 0) return;
    this.#write(() => {
      this.#appendRows("/img", shape, images, added);
      if (labels) this.#appendRows("/labels", [labelCount], labels, added);
    });
    this.count += added;
  }

  /**
   * Closes the file and gives it its name.
   *
   * @throws DataError if the disk is full or the name is a folder's; nothing is left behind
   */
  async finish(): Promise<void> {
    try {
      this.#write(() => this.#file.close());
      await flush(this.#temporary);
      await Deno.rename(this.#temporary, this.#path);
    } catch (error) {
      this.#remove();
      throw error instanceof DataError ? error : fileError(this.#path, "cannot write", error);
    }
  }

  /** Closes the file and removes what was written. */
  abort(): void {
    this.#file.close();
    this.#remove();
  }

  #createDatasets(): void {
    const { shape, labelCount, gzip, attributes = {} } = this.#options;
    const create = (name: string, row: number[], rowsPerChunk: number, compression?: number) =>
      this.#file.create_dataset({
        name,
        data: new Float32Array(0),
        shape: [0, ...row],
        maxshape: [null, ...row],
        chunks: [rowsPerChunk, ...row],
        compression,
      });
    const images = create("img", shape, 1, gzip);
    if (labelCount > 0) create("labels", [labelCount], labelRowsPerChunk);
    for (const [name, value] of Object.entries(attributes)) writeAttribute(images, name, value);
  }

  #appendRows(name: string, row: number[], values: Float32Array, added: number): void {
    const sizes = (first: number) => [first, ...row].map(BigInt);
    const offsets = [this.count, ...row.map(() => 0)].map(BigInt);
    const { file_id } = this.#file;
    const pointer = this.#library._malloc(values.byteLength);
    if (pointer === 0) {
      throw new DataError(`${this.#path}: ${added} images at once do not fit in memory, write fewer`);
    }
    try {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      this.#library.HEAPU8.set(bytes, pointer);
      const strides = offsets.map(() => 1n);
      const resized = this.#library.resize_dataset(file_id, name, sizes(this.count + added));
      const written = this.#library
        .set_dataset_data(file_id, name, sizes(added), offsets, strides, BigInt(pointer));
      if (resized < 0 || written < 0) throw this.#writeError();
    } finally {
      this.#library._free(pointer);
    }
  }

  /** Lets the library write; it keeps some failures to itself. */
  #write(action: () => void): void {
    const failedBefore = countFailedWrites();
    this.#timeless(action);
    if (countFailedWrites() > failedBefore) throw this.#writeError();
  }

  /** The library stamps objects with the time; without this two equal files would differ in their bytes. */
  #timeless<Result>(write: () => Result): Result {
    const now = Date.now;
    Date.now = () => 0;
    try {
      return write();
    } finally {
      Date.now = now;
    }
  }

  #writeError(): DataError {
    return new DataError(`${this.#path}: writing failed, the disk may be full`);
  }

  #remove(): void {
    try {
      Deno.removeSync(this.#temporary);
    } catch {
      // It may never have come into being.
    }
  }
}

async function flush(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}

function writeAttribute(
  dataset: InstanceType<Hdf5Classes["Dataset"]>,
  name: string,
  value: string | number | readonly string[] | readonly number[],
): void {
  if (typeof value === "number") dataset.create_attribute(name, value, [], "<d");
  else if (typeof value === "string") dataset.create_attribute(name, value);
  else if (typeof value[0] === "number") dataset.create_attribute(name, value as number[], null, "<d");
  else dataset.create_attribute(name, value as string[]);
}

function product(sizes: number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
