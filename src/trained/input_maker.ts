/** A classifier's inputs from original images: the images themselves, or what a codec makes of them. */

import type { Gpu } from "../gpu/device.ts";
import type { TrainedClassifier } from "./classifier.ts";
import { Codec, type SavedCodec } from "./codec.ts";

type Values = Float32Array<ArrayBuffer>;

/** Makes inputs of batches; `close` frees what that takes of the GPU. */
export interface InputMaker {
  /** Inputs for `count` normalised images [count, C, H, W]. */
  make(batch: { images: Values; count: number }): Promise<Values>;
  close(): void;
}

/** What makes the inputs of a classifier; without a codec, batches are inputs already. */
export function inputMaker(
  gpu: Gpu,
  { input }: Pick<TrainedClassifier, "input">,
  codec: SavedCodec | undefined,
  /** [H, W] of the original images. */
  size: readonly [number, number],
): InputMaker {
  if (!codec) return { make: ({ images }) => Promise.resolve(images), close: () => {} };
  const applied = new Codec(gpu, codec, size);
  return {
    make: ({ images, count }) =>
      input === "latent" ? applied.latent(images, count) : applied.reconstruct(images, count),
    close: () => applied.close(),
  };
}
