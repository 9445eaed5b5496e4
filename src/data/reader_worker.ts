/// <reference lib="deno.worker" />
/** The worker that reads batches of one data file, so that training never waits for the disk. */

import { DataFile, type DataFileOptions, type DatasetInfo } from "./hdf5_file.ts";
import type { WorkerAnswer, WorkerCall } from "../workers/worker_client.ts";

/** Requests to the worker: the file is opened once, then read. */
export type ReadRequest =
  | { kind: "open"; path: string; options: DataFileOptions }
  | {
    kind: "read";
    indices: Uint32Array;
    /** Optional memory for the images; used if its length fits. */
    memory?: Float32Array<ArrayBuffer>;
  };

/** The reply to `open`. */
export interface OpenReply {
  info: DatasetInfo;
  /** Whether images are decompressed or normalised as they are read, so that several readers are faster than one. */
  needsWork: boolean;
}

/** The reply to `read`. */
export interface ReadReply {
  /** [n, C, H, W], normalised. */
  images: Float32Array<ArrayBuffer>;
  /** [n, K], if the file was opened with labels. */
  labels?: Float32Array<ArrayBuffer>;
}

let file: DataFile | undefined;

self.onmessage = async ({ data: { id, request } }: MessageEvent<WorkerCall>) => {
  try {
    const { reply, transfer } = await answer(request as ReadRequest);
    self.postMessage({ id, reply } satisfies WorkerAnswer, transfer);
  } catch (error) {
    self.postMessage({ id, error: (error as Error).message } satisfies WorkerAnswer);
  }
};

async function answer(request: ReadRequest): Promise<{ reply: unknown; transfer: ArrayBuffer[] }> {
  if (request.kind === "open") {
    file = await DataFile.open(request.path, request.options);
    const { info, needsWork } = file;
    return { reply: { info, needsWork } satisfies OpenReply, transfer: [] };
  }
  if (!file) throw new Error("a batch was requested before the file was opened");
  const images = file.readImages(request.indices, request.memory);
  if (file.info.labelCount === 0) return { reply: { images } satisfies ReadReply, transfer: [images.buffer] };
  const labels = file.readLabels(request.indices);
  return { reply: { images, labels } satisfies ReadReply, transfer: [images.buffer, labels.buffer] };
}
