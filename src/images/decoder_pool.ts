/** A pool of workers that decode image files. */

import { DataError } from "../errors.ts";
import { WorkerClient } from "../workers/worker_client.ts";

/** The reply for a file without usable images. */
export interface Unreadable {
  /** Why, in one line without the file's name. */
  unreadable: string;
}

/** Whether a reply says that the file is unreadable. */
export function isUnreadable(reply: object): reply is Unreadable {
  return "unreadable" in reply;
}

/**
 * Passes each request to an idle worker. A worker that dies while it decodes an image, or takes too long, is replaced.
 *
 * `Request` is what the worker takes, `Reply` what it makes of a file's images; see `answerDecodeRequests`.
 */
export class DecoderPool<Request, Reply> {
  private readonly idle: WorkerClient[];
  private readonly waiting: ((client: WorkerClient) => void)[] = [];
  private readonly all: Set<WorkerClient>;
  private isClosed = false;

  /**
   * Starts the workers.
   *
   * @param workerUrl module that calls `answerDecodeRequests`
   * @param size number of workers
   * @param seconds time limit for one file; damaged files can keep a decoder busy for ever
   */
  constructor(private readonly workerUrl: URL, size: number, private readonly seconds = 120) {
    this.idle = Array.from({ length: size }, () => this.startWorker());
    this.all = new Set(this.idle);
  }

  /**
   * Decodes a file as soon as a worker is idle. The reply says why if the file cannot be decoded.
   *
   * @throws {DataError} if the pool is closed before there is a reply
   */
  async decode(request: Request): Promise<Reply | Unreadable> {
    const client = await this.take();
    const limit = setTimeout(
      () => client.close(`decoding takes longer than ${this.seconds} seconds`),
      1000 * this.seconds,
    );
    try {
      const reply = await client.call<Reply | Unreadable>(request);
      this.release(client);
      return reply;
    } catch (error) {
      if (!(error instanceof DataError) || this.isClosed) throw error;
      this.all.delete(client);
      this.release(this.addWorker());
      return { unreadable: error.message };
    } finally {
      clearTimeout(limit);
    }
  }

  /** Ends the workers. Calls of `decode` that still wait for a worker's reply fail. */
  close(): void {
    this.isClosed = true;
    for (const client of this.all) client.close("the decoders were closed");
    this.all.clear();
  }

  private take(): Promise<WorkerClient> {
    const idle = this.idle.pop();
    return idle ? Promise.resolve(idle) : new Promise((resolve) => this.waiting.push(resolve));
  }

  private release(client: WorkerClient): void {
    const next = this.waiting.shift();
    if (next) next(client);
    else this.idle.push(client);
  }

  private addWorker(): WorkerClient {
    const client = this.startWorker();
    this.all.add(client);
    return client;
  }

  private startWorker(): WorkerClient {
    return new WorkerClient(this.workerUrl, "decoding");
  }
}
