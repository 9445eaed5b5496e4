/** A trained codec applied to a data file: reconstructions, and how close they come. */

import type { BatchLoader } from "../data/loader.ts";
import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../gpu/device.ts";
import { Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import { meanSquaredError, psnr, toPixels } from "../metrics/psnr.ts";
import type { VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import { plan } from "../plan/plan.ts";

interface LoadedSize {
  executor: Executor;
  images: Tensor;
  reconstruction: Tensor;
}

/** A codec on a GPU for images of one size, in batches of any number. */
export class Reconstructor {
  private readonly model: Vqvae;
  private readonly memory: Memory;
  private readonly sizes = new Map<number, LoadedSize>();

  /** `weights` by key, row-major; all of them. */
  constructor(
    gpu: Gpu,
    configuration: VqvaeConfiguration,
    private readonly weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
    /** [H, W]. */
    private readonly size: readonly [number, number],
  ) {
    this.model = new Vqvae(configuration);
    this.memory = new Memory(gpu);
  }

  /** Reconstructions of `count` normalised images [count, C, H, W]. */
  async reconstruct(images: Float32Array<ArrayBuffer>, count: number): Promise<Float32Array<ArrayBuffer>> {
    const loaded = this.sizes.get(count) ?? await this.load(count);
    this.memory.write(loaded.images, images);
    loaded.executor.run();
    return (await loaded.executor.read([loaded.reconstruction]))[0] as Float32Array<ArrayBuffer>;
  }

  private async load(count: number): Promise<LoadedSize> {
    const { in_channel } = this.model.configuration;
    const images = variable(floatType([count, in_channel, ...this.size]), "images");
    const { reconstruction } = this.model.forward(channelsLast(images));
    const executor = await Executor.load(
      plan({ results: [reconstruction] }, this.memory.gpu.target),
      this.memory,
    );
    // The moving averages are for training only and in no plan of this kind.
    for (const { key, tensor } of this.model.set.all) {
      if (this.sizes.size === 0 && this.memory.holds(tensor)) {
        this.memory.write(tensor, this.weights.get(key)!);
      }
    }
    const loaded = { executor, images, reconstruction };
    this.sizes.set(count, loaded);
    return loaded;
  }

  close(): void {
    for (const { executor } of this.sizes.values()) executor.destroy();
    this.memory.destroy();
  }
}

/** How close reconstructions come, over a whole data file. */
export interface ReconstructionQuality {
  images: number;
  /** The mean of the images' PSNR on 8-bit pixels, in decibels. */
  psnr: number;
}

/** Reconstructs every image that the loader gives, in the file's order; `visit` sees each batch. */
export async function measureReconstruction(
  reconstructor: Reconstructor,
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
    const reconstructions = await reconstructor.reconstruct(batch.images, batch.count);
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
