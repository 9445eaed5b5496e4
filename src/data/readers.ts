import type { DataFileOptions, DatasetInfo } from "./hdf5_file.ts";
import type { OpenReply, ReadReply, ReadRequest } from "./reader_worker.ts";
import { WorkerClient } from "../workers/worker_client.ts";

interface Reader {
  client: WorkerClient;
  opened: Promise<OpenReply>;
  /** Batches that it has still to read. */
  waiting: number;
}

/** Each of them has a copy of the HDF5 library, and takes a processor from whatever else runs. */
const mostReaders = 8;
/** Starting a reader takes about as long as unpacking images of this many bytes. */
const bytesWorthAReader = 32 * 2 ** 20;

/** The workers that read one data file: one, or where images are unpacked or normalised as many as there is work for. */
export class Readers {
  readonly info: DatasetInfo;
  /** The most batches that are read at once. */
  readonly most: number;
  private readonly open: () => Reader;
  private readonly readers: Reader[];
  private bytesAsked = 0;

  private constructor(reply: OpenReply, most: number, first: Reader, open: () => Reader) {
    this.info = reply.info;
    this.most = reply.needsWork ? most : 1;
    this.readers = [first];
    this.open = open;
  }

  /**
   * Opens and checks a data file in a worker.
   *
   * @param most workers, where several help: as many as processors if left out
   * @throws DataError, one line that names the file, what it has and what was expected
   */
  static async open(
    path: string,
    options: DataFileOptions,
    most = Math.min(mostReaders, navigator.hardwareConcurrency),
  ): Promise<Readers> {
    const open = (): Reader => {
      const client = new WorkerClient(new URL("./reader_worker.ts", import.meta.url), path);
      const opened = client.call<OpenReply>({ kind: "open", path, options } satisfies ReadRequest);
      return { client, opened, waiting: 0 };
    };
    const first = open();
    try {
      return new Readers(await first.opened, most, first, open);
    } catch (error) {
      first.client.close(`${path}: could not be opened`);
      throw error;
    }
  }

  /**
   * Reads the images `indices`, and labels if the file was opened with them.
   *
   * @param memory of an earlier answer, for the images; it is gone afterwards
   */
  async read(indices: Uint32Array, memory?: Float32Array<ArrayBuffer>): Promise<ReadReply> {
    const reader = this.choose();
    const { channels, height, width } = this.info;
    this.bytesAsked += 4 * indices.length * channels * height * width;
    reader.waiting++;
    try {
      const request: ReadRequest = { kind: "read", indices, memory };
      // A reader that has opened its file is asked at once: what is read ahead must not wait for its caller.
      if (reader !== this.readers[0]) await reader.opened;
      return await reader.client.call<ReadReply>(request, memory ? [memory.buffer] : []);
    } finally {
      reader.waiting--;
    }
  }

  /** Ends the workers; batches that are waited for fail with `reason`. */
  close(reason: string): void {
    for (const { client } of this.readers) client.close(reason);
  }

  /** The reader with the least to do, or a new one if all are busy and there has been enough to read for it to pay. */
  private choose(): Reader {
    const idlest = this.readers.reduce((best, each) => each.waiting < best.waiting ? each : best);
    const { length } = this.readers;
    const pays = this.bytesAsked >= length * bytesWorthAReader;
    if (idlest.waiting === 0 || length >= this.most || !pays) return idlest;
    const reader = this.open();
    // Its failure to open is told by the batches that it should have read.
    reader.opened.catch(() => {});
    this.readers.push(reader);
    return reader;
  }
}
