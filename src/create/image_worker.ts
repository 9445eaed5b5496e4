/// <reference lib="deno.worker" />
/** One of the workers that decode images: from a file's path to the numbers for the data file. */

import type { WorkerAnswer, WorkerCall } from "../workers/worker_client.ts";
import { DataError } from "../errors.ts";
import { decodeImage } from "../images/decode.ts";
import { toGray } from "../images/gray.ts";
import { fitSquare } from "../images/resize.ts";
import { locate, reasonOf } from "./place.ts";
import { type PixelType, type Tensor, tensorOf } from "./tensor.ts";

export interface DecodeRequest {
  /** The data folder, without links. */
  root: string;
  /** The image's path in the list. */
  path: string;
  /** What it is to become. */
  size: number;
  channels: 1 | 3;
  type: PixelType;
}

/** The images of a file, one for each of its frames, as [frames, C, size, size]. */
export interface Decoded {
  frames: number;
  images: Tensor;
  unreadable?: undefined;
}

/** Why a file has no images for us. */
export interface Unreadable {
  unreadable: string;
}

export type DecodeReply = Decoded | Unreadable;

self.onmessage = async ({ data: { id, request } }: MessageEvent<WorkerCall>) => {
  const reply = await decode(request as DecodeRequest).catch(unreadable);
  const transfer = reply.unreadable === undefined ? [reply.images.buffer] : [];
  self.postMessage({ id, reply } satisfies WorkerAnswer, transfer);
};

async function decode({ root, path, size, channels, type }: DecodeRequest): Promise<DecodeReply> {
  const place = await locate(root, path);
  const bytes = await Deno.readFile(place).catch((error) => {
    throw reasonOf(error);
  });
  const decoded = await decodeImage(bytes);
  const images = decoded.map((image) =>
    tensorOf(fitSquare(channels === 1 ? toGray(image) : image, size), channels, type)
  );
  return { frames: images.length, images: joined(images) };
}

function joined(images: readonly Tensor[]): Tensor {
  const [first] = images;
  if (!first) throw new DataError("it holds no image");
  if (images.length === 1) return first;
  const length = images.length * first.length;
  const all = first instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  images.forEach((image, index) => all.set(image, index * first.length));
  return all;
}

/** What a damaged file made fail, in whichever way, is no reason to lose the others. */
function unreadable(error: unknown): Unreadable {
  if (error instanceof DataError) return { unreadable: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { unreadable: `it cannot be decoded: ${message.split("\n")[0]}` };
}
