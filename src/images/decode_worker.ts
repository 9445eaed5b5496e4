/// <reference lib="deno.worker" />
/** The common part of all decoding workers: reads a file, decodes it, and replies with a conversion of its images. */

import { DataError } from "../errors.ts";
import type { WorkerAnswer, WorkerCall } from "../workers/worker_client.ts";
import { readWithCompanion } from "./companion.ts";
import { decodeImage } from "./decode.ts";
import type { Unreadable } from "./decoder_pool.ts";
import type { DecodedImage, DecodeOptions } from "./image.ts";

/** The image file of a request. A worker's own requests add to it what the worker needs to know. */
export interface ImageRequest {
  /** Real path of the data folder, as `Deno.realPath` returns it. */
  root: string;
  /** The file's path as the list has it: relative to `root`, or absolute. */
  path: string;
  /** Optional choices for decoding. */
  decoding?: Omit<DecodeOptions, "warn" | "readCompanion">;
}

/** A reply and the memory in it that moves to the caller without being copied. */
export interface WorkerReply<Reply> {
  reply: Reply;
  transfer: ArrayBuffer[];
}

/**
 * Answers the requests of a `DecoderPool`. A worker's module calls this once, at its top level;
 * src/create/image_worker.ts is an example.
 *
 * @param convert makes the reply from a request and the file's images, of which there is at least one. If it throws,
 * the reply is `Unreadable`. Its warnings are what is wrong with a file that can be decoded nevertheless.
 */
export function answerDecodeRequests<Request extends ImageRequest, Reply>(
  convert: (
    request: Request,
    images: DecodedImage[],
    warnings: string[],
  ) => WorkerReply<Reply> | Promise<WorkerReply<Reply>>,
): void {
  const answer = async (request: Request): Promise<WorkerReply<Reply | Unreadable>> => {
    try {
      const warnings: string[] = [];
      const { bytes, readCompanion } = await readWithCompanion(request.root, request.path);
      const warn = (text: string) => void warnings.push(text);
      const images = await decodeImage(bytes, { ...request.decoding, readCompanion, warn });
      if (images.length === 0) throw new DataError("it holds no image");
      return await convert(request, images, warnings);
    } catch (error) {
      return { reply: unreadable(error), transfer: [] };
    }
  };
  self.onmessage = async ({ data: { id, request } }: MessageEvent<WorkerCall>) => {
    const { reply, transfer } = await answer(request as Request);
    self.postMessage({ id, reply } satisfies WorkerAnswer, transfer);
  };
}

/** One damaged file must not end the run, whatever kind of error it causes. */
function unreadable(error: unknown): Unreadable {
  if (error instanceof DataError) return { unreadable: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { unreadable: `it cannot be decoded: ${message.split("\n")[0]}` };
}
