/** Workers that decode images, as many as there are processors. */

import { WorkerClient } from "../workers/worker_client.ts";
import { DataError } from "../errors.ts";
import type { DecodeReply, DecodeRequest } from "../create/image_worker.ts";

const worker = new URL("../create/image_worker.ts", import.meta.url);

/** Hands each image to a worker that is idle. A worker that dies of an image is replaced. */
export class DecoderPool {
  readonly #idle: WorkerClient[];
  readonly #waiting: ((client: WorkerClient) => void)[] = [];
  readonly #all: Set<WorkerClient>;
  #isClosed = false;

  /**
   * @param url the worker; another than the product's in tests
   * @param seconds what an image may take; damaged ones can keep a decoder busy for ever
   */
  constructor(size: number, private readonly url: URL = worker, private readonly seconds = 120) {
    this.#idle = Array.from({ length: size }, () => this.#newClient());
    this.#all = new Set(this.#idle);
  }

  /** Decodes an image as soon as a worker is idle; whatever is wrong with it is in the reply. */
  async decode(request: DecodeRequest): Promise<DecodeReply> {
    const client = await this.#take();
    const limit = setTimeout(
      () => client.close(`decoding takes longer than ${this.seconds} seconds`),
      1000 * this.seconds,
    );
    try {
      const reply = await client.call<DecodeReply>(request);
      this.#release(client);
      return reply;
    } catch (error) {
      if (!(error instanceof DataError) || this.#isClosed) throw error;
      this.#all.delete(client);
      this.#release(this.#add());
      return { unreadable: error.message };
    } finally {
      clearTimeout(limit);
    }
  }

  /** Ends the workers; images that are being decoded are lost. */
  close(): void {
    this.#isClosed = true;
    for (const client of this.#all) client.close("the decoders were closed");
    this.#all.clear();
  }

  #add(): WorkerClient {
    const client = this.#newClient();
    this.#all.add(client);
    return client;
  }

  #take(): Promise<WorkerClient> {
    const idle = this.#idle.pop();
    return idle ? Promise.resolve(idle) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(client: WorkerClient): void {
    const next = this.#waiting.shift();
    if (next) next(client);
    else this.#idle.push(client);
  }

  #newClient(): WorkerClient {
    return new WorkerClient(this.url, "decoding");
  }
}
