/** Requests to a worker and its answers. */

import { DataError } from "../errors.ts";

/** A request to a worker. Its answer repeats `id`. */
export interface WorkerCall {
  id: number;
  request: unknown;
}

/** A worker's answer: its reply, or one line that says why there is none. */
export type WorkerAnswer = { id: number; reply: unknown } | { id: number; error: string };

interface PendingCall {
  resolve(reply: unknown): void;
  reject(error: DataError): void;
}

/** Sends requests to a worker and returns its answers. If the worker dies, every call fails, pending and later. */
export class WorkerClient {
  private readonly worker: Worker;
  private readonly pending = new Map<number, PendingCall>();
  private nextId = 0;
  private failure: DataError | undefined;

  /**
   * Starts the worker.
   *
   * @param url module of the worker
   * @param name first words of errors about the worker, for instance the file that it reads
   */
  constructor(url: URL, name: string) {
    this.worker = new Worker(url, { type: "module" });
    this.worker.onmessage = (event: MessageEvent<WorkerAnswer>) => this.settle(event.data);
    this.worker.onmessageerror = () =>
      this.fail(new DataError(`${name}: the worker sent a message that cannot be read`));
    this.worker.onerror = (event) => {
      // Without this the error ends the whole program with a stack trace.
      event.preventDefault();
      this.fail(new DataError(`${name}: the worker stopped: ${event.message.split("\n")[0]}`));
    };
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param transfer memory in the request that moves to the worker without being copied
   * @throws {DataError} if the worker answers with an error, dies or is closed
   */
  call<Reply>(request: unknown, transfer: ArrayBuffer[] = []): Promise<Reply> {
    if (this.failure) return Promise.reject(this.failure);
    const id = this.nextId++;
    return new Promise<Reply>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as PendingCall["resolve"], reject });
      this.worker.postMessage({ id, request } satisfies WorkerCall, transfer);
    });
  }

  /** Ends the worker. Pending and later calls fail with `reason`. */
  close(reason: string): void {
    this.fail(new DataError(reason));
  }

  private settle(answer: WorkerAnswer): void {
    const call = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if ("error" in answer) call?.reject(new DataError(answer.error));
    else call?.resolve(answer.reply);
  }

  private fail(error: DataError): void {
    this.failure ??= error;
    this.worker.terminate();
    for (const { reject } of this.pending.values()) reject(this.failure);
    this.pending.clear();
  }
}
