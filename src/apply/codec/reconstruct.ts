/** How close a codec's reconstructions come. */

import type { BatchLoader } from "../../data/loader.ts";
import { meanSquaredError, psnr, toPixels } from "../../metrics/psnr.ts";
import type { Codec } from "../../trained/codec.ts";

/** How close reconstructions come, over a whole data file. */
export interface ReconstructionQuality {
  images: number;
  /** The mean of the images' PSNR on 8-bit pixels, in decibels. */
  psnr: number;
}

/** Reconstructs every image that the loader gives, in the file's order; `visit` sees each batch. */
export async function measureReconstruction(
  codec: Codec,
  loader: BatchLoader,
  visit: (
    originals: Float32Array<ArrayBuffer>,
    reconstructions: Float32Array<ArrayBuffer>,
    count: number,
  ) => void = () => {},
): Promise<ReconstructionQuality> {
  const { channels, height, width } = loader.info;
  const length = channels * height * width;
  let [images, sum] = [0, 0];
  for await (const batch of loader.epoch(0)) {
    const reconstructions = await codec.reconstruct(batch.images, batch.count);
    const [first, second] = [batch.images, reconstructions].map((each) =>
      toPixels(each, channels, height * width)
    );
    for (let at = 0; at < batch.count * length; at += length) {
      sum += psnr(meanSquaredError(first!.subarray(at, at + length), second!.subarray(at, at + length)));
    }
    images += batch.count;
    visit(batch.images, reconstructions, batch.count);
  }
  return { images, psnr: sum / images };
}
