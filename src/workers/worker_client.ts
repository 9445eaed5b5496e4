import { DataError } from "../errors.ts";

/** What a worker is asked: a request with a number, which its answer repeats. */
export interface WorkerCall {
  id: number;
  request: unknown;
}

/** What a worker answers: its reply, or the one line that says why there is none. */
export type WorkerAnswer = { id: number; reply: unknown } | { id: number; error: string };

interface Waiting {
  resolve(reply: unknown): void;
  reject(error: DataError): void;
}

/** Questions to a worker and its answers to them. A worker that dies fails every question, now and later. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #failure: DataError | undefined;

  /** @param name what its errors begin with */
  constructor(url: URL, name: string) {
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = (event: MessageEvent<WorkerAnswer>) => this.#settle(event.data);
    this.#worker.onmessageerror = () =>
      this.#fail(new DataError(`${name}: its reader sent an unreadable answer`));
    this.#worker.onerror = (event) => {
      // Otherwise the error would end the whole program with a stack trace.
      event.preventDefault();
      this.#fail(new DataError(`${name}: its reader stopped: ${event.message.split("\n")[0]}`));
    };
  }

  /**
   * @param transfer memory in the request that goes over to the worker
   * @throws DataError with the worker's line, or with the reason why it is gone
   */
  call<Reply>(request: unknown, transfer: ArrayBuffer[] = []): Promise<Reply> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      this.#worker.postMessage({ id, request } satisfies WorkerCall, transfer);
    });
  }

  /** Ends the worker; questions without an answer fail with `reason`. */
  close(reason: string): void {
    this.#fail(new DataError(reason));
  }

  #settle(answer: WorkerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(new DataError(answer.error));
    else waiting?.resolve(answer.reply);
  }

  #fail(error: DataError): void {
    this.#failure ??= error;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
