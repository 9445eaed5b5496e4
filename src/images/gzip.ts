/** Decompresses the start of gzip data. */

import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";

/** Bytes passed to the decompressor at a time. It may expand them a thousandfold at once. */
const PIECE = 2 ** 14;

/**
 * Decompresses the first `count` bytes of gzip data, or all if there are fewer. No more is decompressed, so that a
 * small file cannot fill the memory.
 *
 * @throws {DataError} if the data is damaged
 */
export async function readStart(compressed: Uint8Array, count: number): Promise<Uint8Array> {
  const parts = inPieces(compressed).pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of parts) {
      chunks.push(part.subarray(0, count - length));
      length += chunks.at(-1)!.length;
      if (length === count) break;
    }
  } catch {
    throw new DataError("it is damaged: its gzip data cannot be decompressed");
  }
  return concatenate(chunks);
}

function inPieces(bytes: Uint8Array): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at += PIECE));
    },
  });
}
