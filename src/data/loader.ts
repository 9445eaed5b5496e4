import { DataError } from "../errors.ts";
import { joinKeys, permutation } from "../random.ts";
import type { DatasetInfo } from "./hdf5_file.ts";
import type { ReadReply, ReadRequest } from "./worker.ts";
import { WorkerClient } from "./worker_client.ts";

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
  /** Batches that are read while the consumer works on one. */
  readAhead?: number;
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
 * Batches of a data file, read ahead in a worker.
 *
 * ```ts
 * using loader = await BatchLoader.open("brain.hdf5", { batchSize: 8, dropLast: true, shuffle: true, seed: 816 });
 * for await (const { images, count } of loader.epoch(1)) console.log(count, images.length);
 * ```
 */
export class BatchLoader {
  readonly info: DatasetInfo;
  readonly batchesPerEpoch: number;
  readonly #options: BatchLoaderOptions;
  readonly #reader: WorkerClient;

  private constructor(info: DatasetInfo, options: BatchLoaderOptions, reader: WorkerClient) {
    const { batchSize, dropLast } = options;
    if (dropLast && info.count < batchSize) {
      throw new DataError(
        `${info.path}: holds ${info.count} images, expected at least one batch of ${batchSize} (a smaller one is dropped)`,
      );
    }
    this.info = info;
    this.batchesPerEpoch = dropLast ? Math.floor(info.count / batchSize) : Math.ceil(info.count / batchSize);
    this.#options = options;
    this.#reader = reader;
  }

  /**
   * Opens and checks a data file in a worker of its own.
   *
   * @throws DataError, one line that names the file, what it has and what was expected
   */
  static async open(path: string, options: BatchLoaderOptions): Promise<BatchLoader> {
    const reader = new WorkerClient(new URL("./worker.ts", import.meta.url), path);
    try {
      const { channels, labels, unlabelled, size } = options;
      const request: ReadRequest = { kind: "open", path, options: { channels, labels, unlabelled, size } };
      return new BatchLoader(await reader.call<DatasetInfo>(request), options, reader);
    } catch (error) {
      reader.close(`${path}: could not be opened`);
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
    const { readAhead = 2 } = this.#options;
    const order = this.#order(epoch);
    const coming: Promise<Batch>[] = [];
    for (let next = startBatch, batch = startBatch; batch < this.batchesPerEpoch; batch++) {
      while (next < this.batchesPerEpoch && next <= batch + readAhead) coming.push(this.#read(order, next++));
      yield await coming.shift()!;
    }
  }

  /** Ends the worker. Batches that are being waited for fail. */
  close(): void {
    this.#reader.close(`${this.info.path}: its loader was closed`);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #order(epoch: number): Uint32Array {
    const { shuffle, seed } = this.#options;
    if (shuffle) return permutation(joinKeys(seed, epoch), this.info.count);
    return Uint32Array.from({ length: this.info.count }, (_, index) => index);
  }

  #read(order: Uint32Array, batch: number): Promise<Batch> {
    const { batchSize } = this.#options;
    const indices = order.slice(batch * batchSize, (batch + 1) * batchSize);
    const request: ReadRequest = { kind: "read", indices };
    const promise = this.#reader.call<ReadReply>(request)
      .then((reply) => ({ ...reply, indices, count: indices.length }));
    // A batch read ahead for a consumer that has left must not end the program when it fails.
    promise.catch(() => {});
    return promise;
  }
}
