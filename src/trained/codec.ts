/** A trained codec, applied: images to reconstructions and latents. */

import { DataError } from "../errors.ts";
import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../gpu/device.ts";
import { Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import { totalStride, type VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import { plan } from "../plan/plan.ts";

type Values = Float32Array<ArrayBuffer>;

/** What a codec's file holds. */
export interface SavedCodec {
  configuration: VqvaeConfiguration;
  /** Row-major, by key; all of them. */
  weights: ReadonlyMap<string, Values>;
}

/** What a pass can give. */
type Output = "reconstruction" | "latent" | "topCodes" | "bottomCodes";

/** An image's way through the codec's bottleneck and back. */
export interface Coded {
  /** [count, C, H, W]. */
  reconstruction: Values;
  /** Indices of codes, [count, H / (s₁·s₂), W / (s₁·s₂)] for strides s₁ and s₂. */
  topCodes: Uint32Array<ArrayBuffer>;
  /** [count, H / s₁, W / s₁]. */
  bottomCodes: Uint32Array<ArrayBuffer>;
}

interface LoadedPass {
  executor: Executor;
  images: Tensor;
  results: Tensor[];
}

/**
 * A codec on a GPU for images of one size, in batches of any number. It never changes its codebooks. Each position of each
 * image is computed by itself and in the same order whatever the batch, so that an image's values do not depend on the
 * batch that it comes in.
 */
export class Codec {
  readonly configuration: VqvaeConfiguration;
  /** [L, h, w] of an image's latent: L is twice the codes' length. */
  readonly latentShape: readonly [number, number, number];
  private readonly model: Vqvae;
  private readonly memory: Memory;
  private readonly passes = new Map<string, LoadedPass>();
  private readonly weights: SavedCodec["weights"];
  /** Weights that are on the GPU. */
  private readonly written = new Set<Tensor>();

  /**
   * @param size [H, W] of the images
   * @throws DataError where the size does not fit the codec's strides
   */
  constructor(
    gpu: Gpu,
    { configuration, weights }: SavedCodec,
    private readonly size: readonly [number, number],
  ) {
    const stride = totalStride(configuration);
    const [height, width] = size;
    if (height % stride !== 0 || width % stride !== 0) {
      throw new DataError(
        `images of ${height} by ${width}: expected both to be divisible by ${stride}, the codec's total stride`,
      );
    }
    this.configuration = configuration;
    const { embed_dim, first_stride } = configuration;
    this.latentShape = [2 * embed_dim, height / first_stride, width / first_stride];
    this.model = new Vqvae(configuration);
    this.weights = weights;
    this.memory = new Memory(gpu);
  }

  /** Reconstructions [count, C, H, W] of `count` normalised images [count, C, H, W]. */
  async reconstruct(images: Values, count: number): Promise<Values> {
    const [reconstruction] = await this.run(["reconstruction"], images, count);
    return reconstruction as Values;
  }

  /** Latents concat[upsample_t(q_t), q_b], [count, L, h, w]: what the decoder makes images of. */
  async latent(images: Values, count: number): Promise<Values> {
    const [latent] = await this.run(["latent"], images, count);
    return latent as Values;
  }

  /** Reconstructions and latents of one pass. */
  async both(images: Values, count: number): Promise<Record<"reconstruction" | "latent", Values>> {
    const [reconstruction, latent] = await this.run(["reconstruction", "latent"], images, count);
    return { reconstruction: reconstruction as Values, latent: latent as Values };
  }

  /** Reconstructions, and the codes' indices that they are made from. */
  async code(images: Values, count: number): Promise<Coded> {
    const results = await this.run(["reconstruction", "topCodes", "bottomCodes"], images, count);
    const [reconstruction, topCodes, bottomCodes] = results;
    return { reconstruction, topCodes, bottomCodes } as Coded;
  }

  private async run(
    outputs: readonly Output[],
    images: Values,
    count: number,
  ): Promise<(Values | Uint32Array<ArrayBuffer>)[]> {
    const name = `${outputs} of ${count}`;
    const pass = this.passes.get(name) ?? await this.load(outputs, count);
    this.passes.set(name, pass);
    this.memory.write(pass.images, images);
    pass.executor.run();
    return await pass.executor.read(pass.results);
  }

  private async load(outputs: readonly Output[], count: number): Promise<LoadedPass> {
    const images = variable(floatType([count, this.configuration.in_channel, ...this.size]), "images");
    const given = this.model.forward(channelsLast(images));
    const tensors: Record<Output, Tensor> = {
      ...given,
      topCodes: given.top.codes,
      bottomCodes: given.bottom.codes,
    };
    const results = outputs.map((output) => tensors[output]);
    const executor = await Executor.load(plan({ results }, this.memory.gpu.target), this.memory);
    // A plan holds what its results need: the moving averages are in none, the decoder is not in every one.
    for (const { key, tensor } of this.model.set.all) {
      if (this.written.has(tensor) || !this.memory.holds(tensor)) continue;
      this.memory.write(tensor, this.weights.get(key)!);
      this.written.add(tensor);
    }
    return { executor, images, results };
  }

  close(): void {
    for (const { executor } of this.passes.values()) executor.destroy();
    this.memory.destroy();
  }
}
