/** A trained codec: images to codes and back, for images of any size. */

import { DataError } from "../errors.ts";
import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../gpu/device.ts";
import { latentShape, totalStride, type VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { type Levels, Vqvae } from "../models/vqvae/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import {
  type BatchSize,
  batchText,
  cropImages,
  type ImageSize,
  paddedSize,
  padImages,
  requireBatch,
  requireSize,
} from "./image_batch.ts";
import { type Indices, type ModelWeights, Network, type Values } from "./network.ts";

/** A codec as its file holds it. */
export interface SavedCodec {
  configuration: VqvaeConfiguration;
  weights: ModelWeights;
  /** What the user should know about how the file was read, each in one line that names it. */
  notes?: readonly string[];
}

/** The code indices of a batch of images, and the images' shape before padding. */
export interface Codes extends BatchSize {
  /** [count, H / (s₁·s₂), W / (s₁·s₂)] for the padded sides H and W and the strides s₁ and s₂. */
  topCodes: Indices;
  /** [count, H / s₁, W / s₁]. */
  bottomCodes: Indices;
}

/** Codes together with what the decoder makes of them. */
export interface CodedImages extends Codes {
  /** [count, C, height, width]. */
  reconstruction: Values;
}

/** What a pass over images can give. */
type Output = "reconstruction" | "latent" | "topCodes" | "bottomCodes";

/**
 * A codec on a GPU, for images of any height and width from 1 × 1 on and batches of any size. Sides that are no
 * multiples of the codec's total stride are padded by repeating the last row and column, and reconstructions are
 * cropped back; codes and latents are those of the padded images. One instance serves many sizes: weights are uploaded
 * once.
 *
 * An image's values do not depend on the batch that it is in, and `decode(await encode(x, size))` equals
 * `reconstruct(x, size)` bit for bit. Applying a codec never changes it.
 *
 * Images are normalised as in training: row-major [count, C, height, width], C being the configuration's `in_channel`.
 * Concurrent calls take turns.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Gpu } from "../gpu/device.ts";
 * import { defaultConfiguration } from "../models/vqvae/configuration.ts";
 * import { Vqvae } from "../models/vqvae/model.ts";
 *
 * const configuration = { ...defaultConfiguration, channel: 8, n_res_channel: 4, embed_dim: 4, n_embed: 16 };
 * // An untrained codec; `readCodec` of codec_file.ts reads trained ones.
 * const weights = new Vqvae(configuration).set.initialValues(1);
 *
 * const gpu = await Gpu.open();
 * const codec = new Codec(gpu, { configuration, weights });
 * const size = { count: 2, height: 20, width: 31 };
 * const images = new Float32Array(2 * 3 * 20 * 31);
 * const codes = await codec.encode(images, size);
 * // 20 by 31 is padded to 24 by 32, which the default strides divide by 8 and by 4.
 * assertEquals([codes.topCodes.length, codes.bottomCodes.length], [2 * 3 * 4, 2 * 6 * 8]);
 * assertEquals(await codec.decode(codes), await codec.reconstruct(images, size));
 * codec.close();
 * gpu.close();
 * ```
 */
export class Codec {
  readonly configuration: VqvaeConfiguration;
  private readonly model: Vqvae;
  private readonly network: Network;

  /** @throws {UsageError} if the configuration's parts do not go together */
  constructor(gpu: Gpu, { configuration, weights }: SavedCodec) {
    this.configuration = configuration;
    this.model = new Vqvae(configuration);
    this.network = new Network(gpu, this.model.set, weights);
  }

  /**
   * The code indices of images [count, C, height, width].
   *
   * @throws {RangeError} if the number of values does not fit `size`
   */
  async encode(images: Values, size: BatchSize): Promise<Codes> {
    const [topCodes, bottomCodes] = await this.run(["topCodes", "bottomCodes"], images, size) as Indices[];
    const { count, height, width } = size;
    return { count, height, width, topCodes: topCodes!, bottomCodes: bottomCodes! };
  }

  /**
   * The images [count, C, height, width] that codes stand for.
   *
   * @throws {RangeError} if there are more or fewer codes than the images' size needs
   * @throws {DataError} if a code is outside its codebook
   */
  async decode(codes: Codes): Promise<Values> {
    this.requireCodes(codes);
    const padded = this.padded(codes);
    const { top, bottom } = this.gridSizes(padded);
    const build = () => {
      const indices = (name: string, { height, width }: ImageSize) =>
        variable({ shape: [codes.count, height, width], dtype: "u32", layout: "flat" }, name);
      const inputs = { top: indices("top codes", top), bottom: indices("bottom codes", bottom) };
      return { inputs: [inputs.top, inputs.bottom], results: [this.model.decode(inputs).reconstruction] };
    };
    const name = `decoding of ${batchText({ ...padded, count: codes.count })}`;
    const [images] = await this.network.run(name, build, [codes.topCodes, codes.bottomCodes]);
    return cropImages(images as Values, padded, codes);
  }

  /**
   * Reconstructions [count, C, height, width] of images of that shape.
   *
   * @throws {RangeError} if the number of values does not fit `size`
   */
  async reconstruct(images: Values, size: BatchSize): Promise<Values> {
    const [reconstruction] = await this.run(["reconstruction"], images, size);
    return reconstruction as Values;
  }

  /**
   * Latents concat[upsample_t(q_t), q_b], the decoder's input: [count, L, h, w] with the extents of
   * {@linkcode latentShape}, which are those of the padded images.
   *
   * @throws {RangeError} if the number of values does not fit `size`
   */
  async latent(images: Values, size: BatchSize): Promise<Values> {
    const [latent] = await this.run(["latent"], images, size);
    return latent as Values;
  }

  /**
   * Reconstructions and latents from one pass.
   *
   * @throws {RangeError} if the number of values does not fit `size`
   */
  async both(images: Values, size: BatchSize): Promise<Record<"reconstruction" | "latent", Values>> {
    const [reconstruction, latent] = await this.run(["reconstruction", "latent"], images, size);
    return { reconstruction: reconstruction as Values, latent: latent as Values };
  }

  /**
   * Codes and reconstructions from one pass.
   *
   * @throws {RangeError} if the number of values does not fit `size`
   */
  async code(images: Values, size: BatchSize): Promise<CodedImages> {
    const results = await this.run(["reconstruction", "topCodes", "bottomCodes"], images, size);
    const [reconstruction, topCodes, bottomCodes] = results as [Values, Indices, Indices];
    const { count, height, width } = size;
    return { count, height, width, reconstruction, topCodes, bottomCodes };
  }

  /** [L, h, w] of the latent of an image: L is twice the codes' length, h and w are the bottom codes' extents. */
  latentShape(size: ImageSize): [channels: number, height: number, width: number] {
    return latentShape(this.configuration, this.padded(size));
  }

  /** Frees the GPU's memory. The codec cannot be used afterwards. */
  close(): void {
    this.network.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private async run(
    outputs: readonly Output[],
    images: Values,
    size: BatchSize,
  ): Promise<(Values | Indices)[]> {
    const { in_channel } = this.configuration;
    requireBatch(images, in_channel, size);
    const padded = { ...this.padded(size), count: size.count };
    const build = () => {
      const input = variable(floatType([size.count, in_channel, padded.height, padded.width]), "images");
      return { inputs: [input], results: this.results(channelsLast(input), outputs) };
    };
    const name = `${outputs.join(" and ")} of ${batchText(padded)}`;
    const results = await this.network.run(name, build, [padImages(images, size, padded)]);
    return results.map((values, index) =>
      outputs[index] === "reconstruction" ? cropImages(values as Values, padded, size) : values
    );
  }

  private results(images: Tensor, outputs: readonly Output[]): Tensor[] {
    const { reconstruction, latent, top, bottom } = this.model.forward(images);
    const tensors = { reconstruction, latent, topCodes: top.codes, bottomCodes: bottom.codes };
    return outputs.map((output) => tensors[output]);
  }

  private padded(size: ImageSize): ImageSize {
    return paddedSize(size, totalStride(this.configuration));
  }

  /** The extents of the codes of a padded image. */
  private gridSizes({ height, width }: ImageSize): Levels<ImageSize> {
    const { first_stride } = this.configuration;
    const total = totalStride(this.configuration);
    return {
      top: { height: height / total, width: width / total },
      bottom: { height: height / first_stride, width: width / first_stride },
    };
  }

  private requireCodes({ topCodes, bottomCodes, ...size }: Codes): void {
    requireSize(size);
    const { n_embed } = this.configuration;
    const grids = this.gridSizes(this.padded(size));
    for (const [level, codes] of Object.entries({ top: topCodes, bottom: bottomCodes })) {
      const { height, width } = grids[level as "top" | "bottom"];
      const expected = size.count * height * width;
      if (codes.length !== expected) {
        throw new RangeError(
          `${codes.length} ${level} codes for ${batchText(size)}: expected ${expected}`,
        );
      }
      const bad = codes.findIndex((code) => code >= n_embed);
      if (bad < 0) continue;
      const [image, row, column] = [bad / (height * width), bad / width % height, bad % width].map(
        Math.floor,
      );
      throw new DataError(
        `${level} code ${codes[bad]} of image ${image} at row ${row}, column ${column} (counted from 0): ` +
          `the codebook has ${n_embed} codes, expected 0 to ${n_embed - 1}`,
      );
    }
  }
}
