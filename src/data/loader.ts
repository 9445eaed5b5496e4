/** Batches of images from a data file, read ahead in workers. */

import { DataError } from "../errors.ts";
import { joinKeys, permutation } from "../random.ts";
import type { DataFileOptions, DatasetInfo } from "./dataset_info.ts";
import { Readers } from "./readers.ts";

/** What a loader reads, and in which order. */
export interface BatchLoaderOptions extends DataFileOptions {
  /** Images per batch. */
  batchSize: number;
  /** Whether a last batch with fewer than `batchSize` images is left out, as in training. */
  dropLast: boolean;
  /** Whether each epoch has its own random order, drawn from `seed`. Otherwise images come in the order of the file. */
  shuffle: boolean;
  seed: number;
  /** Optional number of batches to read ahead; default: 2, or more if several workers read. */
  readAhead?: number;
  /** Optional limit of workers that decompress or normalise images; default: the number of processors, at most 8. */
  readers?: number;
}

/** A batch of images. */
export interface Batch {
  /** [count, C, H, W], normalised. */
  images: Float32Array<ArrayBuffer>;
  /** [count, K], if labels are read. */
  labels?: Float32Array<ArrayBuffer>;
  /** Index of each image in the file, from 0. */
  indices: Uint32Array;
  /** Number of images. */
  count: number;
}

/**
 * Reads batches of a data file in workers, ahead of their consumer.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ImageFileWriter } from "./write.ts";
 *
 * const path = await Deno.makeTempFile({ suffix: ".hdf5" });
 * const writer = await ImageFileWriter.create(path, { shape: [3, 4, 4], labelCount: 0 });
 * writer.append(new Float32Array(5 * 3 * 4 * 4));
 * await writer.finish();
 *
 * const options = { batchSize: 2, dropLast: false, shuffle: true, seed: 816 };
 * const counts: number[] = [];
 * {
 *   using loader = await BatchLoader.open(path, options);
 *   for await (const { images, count } of loader.epoch(1)) {
 *     assertEquals(images.length, count * 3 * 4 * 4);
 *     counts.push(count);
 *   }
 * }
 * assertEquals(counts, [2, 2, 1]);
 * await Deno.remove(path);
 * ```
 */
export class BatchLoader {
  /** What the file holds. */
  readonly info: DatasetInfo;
  readonly batchesPerEpoch: number;
  private readonly readAhead: number;
  private readonly spare = new Set<Float32Array<ArrayBuffer>>();

  private constructor(private readonly readers: Readers, private readonly options: BatchLoaderOptions) {
    const { batchSize, dropLast } = options;
    const { info } = readers;
    if (dropLast && info.count < batchSize) {
      throw new DataError(
        `${info.path}: holds ${info.count} images, expected at least one batch of ${batchSize} ` +
          "(smaller batches are dropped)",
      );
    }
    this.info = info;
    this.batchesPerEpoch = dropLast ? Math.floor(info.count / batchSize) : Math.ceil(info.count / batchSize);
    this.readAhead = options.readAhead ?? defaultReadAhead(readers, batchSize);
  }

  /**
   * Opens a data file in a worker and checks it.
   *
   * @throws {DataError} if the file cannot be read, does not have what `options` ask for, or holds no complete batch
   * while `dropLast` is set; the message is one line with the file, what it has and what was expected
   */
  static async open(path: string, options: BatchLoaderOptions): Promise<BatchLoader> {
    const { channels, labels, unlabelled, size, images_key, labels_key, input_range } = options;
    const file = { channels, labels, unlabelled, size, images_key, labels_key, input_range };
    const readers = await Readers.open(path, file, options.readers);
    try {
      return new BatchLoader(readers, options);
    } catch (error) {
      readers.close(`${path}: could not be opened`);
      throw error;
    }
  }

  /**
   * Yields the batches of one epoch. Their order depends on the seed and `epoch` alone, so a run that stopped within an
   * epoch continues with the images that it has not used. The caller may leave the loop early.
   *
   * @param epoch number of the epoch
   * @param startBatch optional index of the first batch to yield; default: 0
   * @throws {DataError} if an image cannot be read; the error is thrown when its batch is reached
   */
  async *epoch(epoch: number, startBatch = 0): AsyncGenerator<Batch> {
    const order = this.order(epoch);
    const coming: Promise<Batch>[] = [];
    for (let next = startBatch, batch = startBatch; batch < this.batchesPerEpoch; batch++) {
      while (next < this.batchesPerEpoch && next <= batch + this.readAhead) {
        coming.push(this.read(order, next++));
      }
      yield await coming.shift()!;
    }
  }

  /**
   * Takes back a batch that is no longer needed. Later batches are read into its memory, which is much faster than
   * reading into new memory. The caller must not use the batch's images afterwards.
   */
  recycle({ images }: Batch): void {
    if (this.spare.size <= this.readAhead) this.spare.add(images);
  }

  /** Ends the workers. Batches that are still being read fail with a DataError. */
  close(): void {
    this.readers.close(`${this.info.path}: its loader was closed`);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private order(epoch: number): Uint32Array {
    const { shuffle, seed } = this.options;
    if (shuffle) return permutation(joinKeys(seed, epoch), this.info.count);
    return Uint32Array.from({ length: this.info.count }, (_, index) => index);
  }

  private read(order: Uint32Array, batch: number): Promise<Batch> {
    const { batchSize } = this.options;
    const indices = order.slice(batch * batchSize, (batch + 1) * batchSize);
    const promise = this.readers.read(indices, this.takeSpare())
      .then((reply) => ({ ...reply, indices, count: indices.length }));
    // If the consumer has left, a batch that fails must not end the program.
    promise.catch(() => {});
    return promise;
  }

  private takeSpare(): Float32Array<ArrayBuffer> | undefined {
    const [spare] = this.spare;
    if (spare) this.spare.delete(spare);
    return spare;
  }
}

/** Limit of the memory for batches read ahead beyond the second, in bytes. */
const maxBytesAhead = 512 * 2 ** 20;

/** Batches that keep all readers busy, within `maxBytesAhead`; at least 2. */
function defaultReadAhead({ maxReaders, info }: Readers, batchSize: number): number {
  const batchBytes = 4 * batchSize * info.channels * info.height * info.width;
  return Math.max(2, Math.min(maxReaders, Math.floor(maxBytesAhead / batchBytes)));
}
