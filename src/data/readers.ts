/** The workers that read one data file. */

import type { DataFileOptions, DatasetInfo } from "./hdf5_file.ts";
import type { OpenReply, ReadReply, ReadRequest } from "./reader_worker.ts";
import { WorkerClient } from "../workers/worker_client.ts";

interface Reader {
  client: WorkerClient;
  opened: Promise<OpenReply>;
  /** Batches that it has not finished reading. */
  pending: number;
}

/** Each reader has a copy of the HDF5 library and occupies a processor. */
const defaultMaxReaders = 8;
/** Starting a reader takes about as long as decompressing images of this many bytes. */
const bytesPerNewReader = 32 * 2 ** 20;

/**
 * Workers that read one data file: one, or several if images are decompressed or normalised and there is enough work.
 */
export class Readers {
  readonly info: DatasetInfo;
  /** Limit of the workers, and so of the batches that are read at once. */
  readonly maxReaders: number;
  private readonly readers: Reader[];
  private requestedBytes = 0;

  private constructor(
    { info, needsWork }: OpenReply,
    maxReaders: number,
    first: Reader,
    private readonly openReader: () => Reader,
  ) {
    this.info = info;
    this.maxReaders = needsWork ? maxReaders : 1;
    this.readers = [first];
  }

  /**
   * Opens a data file in a worker and checks it.
   *
   * @param maxReaders optional limit of the workers; default: the number of processors, at most 8
   * @throws {DataError} if the file cannot be read or does not have what `options` ask for
   */
  static async open(
    path: string,
    options: DataFileOptions,
    maxReaders = Math.min(defaultMaxReaders, navigator.hardwareConcurrency),
  ): Promise<Readers> {
    const open = (): Reader => {
      const client = new WorkerClient(new URL("./reader_worker.ts", import.meta.url), path);
      const opened = client.call<OpenReply>({ kind: "open", path, options } satisfies ReadRequest);
      return { client, opened, pending: 0 };
    };
    const first = open();
    try {
      return new Readers(await first.opened, maxReaders, first, open);
    } catch (error) {
      first.client.close(`${path}: could not be opened`);
      throw error;
    }
  }

  /**
   * Reads the images `indices`, and their labels if the file was opened with labels.
   *
   * @param memory optional memory of earlier images to read into; it moves to the worker and is empty afterwards
   * @throws {DataError} if an image cannot be read
   */
  async read(indices: Uint32Array, memory?: Float32Array<ArrayBuffer>): Promise<ReadReply> {
    const reader = this.choose();
    const { channels, height, width } = this.info;
    this.requestedBytes += 4 * indices.length * channels * height * width;
    reader.pending++;
    try {
      const request: ReadRequest = { kind: "read", indices, memory };
      // The first reader has opened its file. Its request must be sent before this function returns to its caller.
      if (reader !== this.readers[0]) await reader.opened;
      return await reader.client.call<ReadReply>(request, memory ? [memory.buffer] : []);
    } finally {
      reader.pending--;
    }
  }

  /** Ends the workers. Pending and later reads fail with `reason`. */
  close(reason: string): void {
    for (const { client } of this.readers) client.close(reason);
  }

  /** The reader with the fewest pending batches, or a new one if all are busy and a new one is worth its start. */
  private choose(): Reader {
    const idlest = this.readers.reduce((best, each) => each.pending < best.pending ? each : best);
    const { length } = this.readers;
    const isWorthStarting = this.requestedBytes >= length * bytesPerNewReader;
    if (idlest.pending === 0 || length >= this.maxReaders || !isWorthStarting) return idlest;
    const reader = this.openReader();
    // If it cannot open the file, the batches that it should read report that.
    reader.opened.catch(() => {});
    this.readers.push(reader);
    return reader;
  }
}
