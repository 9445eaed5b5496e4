import { DataError } from "../errors.ts";

/** Bytes handed over at once: all that they hold is unpacked at once too, up to a thousand times as many. */
const PIECE = 2 ** 14;

/**
 * Unpacks the first `count` bytes of what gzip packed, or all where there are fewer. No more is unpacked, however
 * much there is. @throws DataError where the packed bytes are damaged
 */
export async function readStart(packed: Uint8Array, count: number): Promise<Uint8Array> {
  const parts = inPieces(packed).pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of parts) {
      chunks.push(part.subarray(0, count - length));
      length += chunks.at(-1)!.length;
      if (length === count) break;
    }
  } catch {
    throw new DataError("it is damaged: what gzip packed cannot be unpacked");
  }
  const start = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    start.set(chunk, at);
    at += chunk.length;
  }
  return start;
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
