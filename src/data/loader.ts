import { DataError } from "../errors.ts";
import { joinKeys, permutation } from "../random.ts";
import type { DatasetInfo } from "./hdf5_file.ts";
import { Readers } from "./readers.ts";

export interface BatchLoaderOptions {
  /** Channels that the model wants: grayscale is repeated to fill them. The file's own if left out. */
  channels?: number;
  /** Whether labels are read: required, read where the file has them, or (the default) not at all. */
  labels?: boolean | "optional";
  /** Whether a label may be NaN: unknown for that image. Otherwise NaN is refused. */
  unlabelled?: boolean;
  /** Height and width that the images must have. Any if left out. */
  size?: number;
  batchSize: number;
  /** Leaves out the last batch if it is smaller than the others (training); otherwise it comes as it is. */
  dropLast: boolean;
  /** Whether each epoch has an order of its own, drawn from `seed`; otherwise images come in file order. */
  shuffle: boolean;
  seed: number;
  /** Batches that are read while the consumer works on one. Two if left out, or more where several are read at once. */
  readAhead?: number;
  /** Workers that unpack or normalise images, at most; as many as processors if left out. */
  readers?: number;
}

export interface Batch {
  /** [count, C, H, W], normalised. */
  images: Float32Array<ArrayBuffer>;
  /** [count, K], if labels are read. */
  labels?: Float32Array<ArrayBuffer>;
  /** Where each image stands in the file. */
  indices: Uint32Array;
  count: number;
}

/**
 * Batches of a data file, read ahead in workers.
 *
 * ```ts
 * using loader = await BatchLoader.open("brain.hdf5", { batchSize: 8, dropLast: true, shuffle: true, seed: 816 });
 * for await (const { images, count } of loader.epoch(1)) console.log(count, images.length);
 * ```
 */
export class BatchLoader {
  readonly info: DatasetInfo;
  readonly batchesPerEpoch: number;
  private readonly options: BatchLoaderOptions;
  private readonly readers: Readers;
  private readonly readAhead: number;
  private readonly spare = new Set<Float32Array<ArrayBuffer>>();

  private constructor(readers: Readers, options: BatchLoaderOptions) {
    const { batchSize, dropLast } = options;
    const { info } = readers;
    if (dropLast && info.count < batchSize) {
      throw new DataError(
        `${info.path}: holds ${info.count} images, expected at least one batch of ${batchSize} (a smaller one is dropped)`,
      );
    }
    this.info = info;
    this.batchesPerEpoch = dropLast ? Math.floor(info.count / batchSize) : Math.ceil(info.count / batchSize);
    this.options = options;
    this.readers = readers;
    this.readAhead = options.readAhead ?? defaultReadAhead(readers, batchSize);
  }

  /**
   * Opens and checks a data file in a worker of its own.
   *
   * @throws DataError, one line that names the file, what it has and what was expected
   */
  static async open(path: string, options: BatchLoaderOptions): Promise<BatchLoader> {
    const { channels, labels, unlabelled, size } = options;
    const readers = await Readers.open(path, { channels, labels, unlabelled, size }, options.readers);
    try {
      return new BatchLoader(readers, options);
    } catch (error) {
      readers.close(`${path}: could not be opened`);
      throw error;
    }
  }

  /**
   * The batches of one epoch, from `startBatch` on: a run that stopped in mid-epoch goes on with the images it had not
   * seen. The order depends on the seed and on `epoch` alone. Leaving the loop early is fine.
   *
   * @throws DataError if an image cannot be read, when its batch is reached
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
   * Takes back a batch that is no longer needed: later ones are read into its memory, which is much faster than into new memory.
   * Its images must not be used any more.
   */
  recycle({ images }: Batch): void {
    if (this.spare.size <= this.readAhead) this.spare.add(images);
  }

  /** Ends the workers. Batches that are being waited for fail. */
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
    // A batch read ahead for a consumer that has left must not end the program when it fails.
    promise.catch(() => {});
    return promise;
  }

  private takeSpare(): Float32Array<ArrayBuffer> | undefined {
    const [spare] = this.spare;
    if (spare) this.spare.delete(spare);
    return spare;
  }
}

/** What may be read ahead without being asked for, in bytes, beyond two batches. */
const mostBytesAhead = 512 * 2 ** 20;

/** Enough to keep all readers busy, unless batches are so large that two are plenty. */
function defaultReadAhead({ most, info }: Readers, batchSize: number): number {
  const batchBytes = 4 * batchSize * info.channels * info.height * info.width;
  return Math.max(2, Math.min(most, Math.floor(mostBytesAhead / batchBytes)));
}
