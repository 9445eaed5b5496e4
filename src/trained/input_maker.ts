/** A classifier's inputs from original images: the images themselves, or what a codec makes of them. */

import type { Gpu } from "../gpu/device.ts";
import type { TrainedClassifier } from "./classifier.ts";
import { Codec, type SavedCodec } from "./codec.ts";
import type { Values } from "./network.ts";

/** Turns batches of images into a classifier's inputs. */
export interface InputMaker {
  /** Inputs for `count` normalised images [count, C, H, W]: images of that shape, or latents [count, L, h, w]. */
  make(batch: { images: Values; count: number }): Promise<Values>;
  /** Frees the GPU's memory. */
  close(): void;
}

/**
 * Makes the inputs of a classifier: reconstructions or latents by the codec; without a codec, batches are returned as
 * they are.
 *
 * @param size [H, W] of the original images
 */
export function inputMaker(
  gpu: Gpu,
  { input }: Pick<TrainedClassifier, "input">,
  saved: SavedCodec | undefined,
  [height, width]: readonly [number, number],
): InputMaker {
  if (!saved) return { make: ({ images }) => Promise.resolve(images), close: () => {} };
  const codec = new Codec(gpu, saved);
  return {
    make({ images, count }) {
      const size = { count, height, width };
      return input === "latent" ? codec.latent(images, size) : codec.reconstruct(images, size);
    },
    close: () => codec.close(),
  };
}
