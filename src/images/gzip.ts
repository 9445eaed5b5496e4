/** Decompresses the start of gzip data. */

import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";

/** Bytes passed to the decompressor at a time. It may expand them a thousandfold at once. */
const PIECE = 2 ** 14;

/**
 * Decompresses the first `count` bytes of gzip data, or all if there are fewer. The data may consist of several members
 * (RFC 1952, 2.2). No more is decompressed, so that a small file cannot fill the memory.
 *
 * @throws {DataError} if the data is damaged
 */
export async function readStart(compressed: Uint8Array, count: number): Promise<Uint8Array> {
  const pieces = Readable.from(inPieces(compressed), { highWaterMark: 1 });
  const gunzip = createGunzip({ chunkSize: 2 ** 16 });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of pieces.pipe(gunzip)) {
      chunks.push((part as Uint8Array).subarray(0, count - length));
      length += chunks.at(-1)!.length;
      if (length === count) break;
    }
  } catch {
    throw new DataError("it is damaged: its gzip data cannot be decompressed");
  } finally {
    pieces.destroy();
    gunzip.destroy();
  }
  return concatenate(chunks);
}

function* inPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}
