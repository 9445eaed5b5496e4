/** The two-level VQ-VAE-2 (Razavi, van den Oord and Vinyals 2019). */

import type { FloatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { concat } from "../../ops/channels.ts";
import { add, cast, scale } from "../../ops/elementwise.ts";
import { mse } from "../../ops/reduce.ts";
import { convolutionLayer, type Layer } from "../../nn/convolution.ts";
import { type HalfCopies, ParameterSet } from "../../nn/parameters.ts";
import { decoderLayer, encoderLayer } from "./blocks.ts";
import { checkConfiguration, type VqvaeConfiguration } from "./configuration.ts";
import { type Quantized, Quantizer } from "./quantizer.ts";

/** The weight of the quantizers' differences in the loss. */
const latentLossWeight = 0.25;

/** A value for each of the two levels. */
export interface Levels<T> {
  top: T;
  bottom: T;
}

/** What the encoder makes of images. */
export interface EncodedImages extends Levels<Quantized> {
  /** The vectors of the chosen codes as the decoder takes them, in the precision of the values between layers. */
  vectors: Levels<Tensor>;
}

/** What the decoder makes of codes. */
export interface DecodedImages {
  /** The decoder's input concat[upsample_t(q_t), q_b]; see {@linkcode Vqvae.latent}. */
  latent: Tensor;
  /** [B, C, H, W] float32, channels last. */
  reconstruction: Tensor;
}

/** Everything that a pass over a batch gives. */
export interface VqvaeResult extends Levels<Quantized>, DecodedImages {
  /** mean((reconstruction − images)²). */
  reconstructionLoss: Tensor;
  /** The sum of both quantizers' differences. */
  latentLoss: Tensor;
  /** reconstructionLoss + 0.25 · latentLoss. */
  loss: Tensor;
}

/**
 * The model's layers and their weights, with the structure and the keys of the PyTorch implementation that vqray
 * follows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../../graph/layout.ts";
 * import { variable } from "../../ops/variable.ts";
 * import { defaultConfiguration } from "./configuration.ts";
 *
 * const model = new Vqvae(defaultConfiguration);
 * const images = variable(floatType([8, 3, 64, 32], "channels_last"), "images");
 * const { top, bottom } = model.encode(images);
 * assertEquals(top.codes.shape, [8, 8, 4]);
 * assertEquals(bottom.codes.shape, [8, 16, 8]);
 * const { reconstruction } = model.decode({ top: top.codes, bottom: bottom.codes });
 * assertEquals(reconstruction.shape, images.shape);
 * ```
 */
export class Vqvae {
  readonly set = new ParameterSet();
  readonly quantizeTop: Quantizer;
  readonly quantizeBottom: Quantizer;
  private readonly encodeBottom: Layer;
  private readonly encodeTop: Layer;
  private readonly projectTop: Layer;
  private readonly decodeTop: Layer;
  private readonly projectBottom: Layer;
  private readonly upsampleTop: Layer;
  private readonly decodeBoth: Layer;

  /** @throws {UsageError} if the configuration's parts do not go together */
  constructor(readonly configuration: VqvaeConfiguration) {
    checkConfiguration(configuration);
    const { set } = this;
    const {
      in_channel,
      channel,
      n_res_block,
      n_res_channel,
      embed_dim,
      n_embed,
      first_stride,
      second_stride,
      decay,
    } = configuration;
    const residual = { residualBlocks: n_res_block, residualChannels: n_res_channel };
    this.encodeBottom = encoderLayer(set, "enc_b", {
      input: in_channel,
      output: channel,
      stride: first_stride,
      ...residual,
    });
    this.encodeTop = encoderLayer(set, "enc_t", {
      input: channel,
      output: channel,
      stride: second_stride,
      ...residual,
    });
    this.projectTop = convolutionLayer(set, "quantize_conv_t", {
      input: channel,
      output: embed_dim,
      kernel: 1,
    });
    this.quantizeTop = new Quantizer(set, "quantize_t", embed_dim, n_embed, decay);
    const fromTop = { input: embed_dim, output: embed_dim, stride: second_stride, ...residual };
    this.decodeTop = decoderLayer(set, "dec_t", { ...fromTop, width: channel });
    this.projectBottom = convolutionLayer(set, "quantize_conv_b", {
      input: embed_dim + channel,
      output: embed_dim,
      kernel: 1,
    });
    this.quantizeBottom = new Quantizer(set, "quantize_b", embed_dim, n_embed, decay);
    this.upsampleTop = decoderLayer(set, "upsample_t", { ...fromTop, width: embed_dim });
    this.decodeBoth = decoderLayer(set, "dec", {
      input: 2 * embed_dim,
      output: in_channel,
      width: channel,
      stride: first_stride,
      ...residual,
    });
  }

  /**
   * Builds the graph from images to reconstructions and losses.
   *
   * @param images [B, C, H, W] float32, channels last; H and W are multiples of the total stride
   * @param halves the optimizer's float16 copies of the weights: with them the values between layers are float16;
   * quantization and losses are float32 in any case
   */
  forward(images: Tensor, halves?: HalfCopies): VqvaeResult {
    const { top, bottom, vectors } = this.encode(images, halves);
    const { latent, reconstruction } = this.decodeVectors(vectors, halves);
    const reconstructionLoss = mse(reconstruction, images, { targetGiven: true });
    const latentLoss = add(top.difference, bottom.difference);
    const loss = add(reconstructionLoss, scale(latentLoss, latentLossWeight));
    return { reconstruction, latent, top, bottom, reconstructionLoss, latentLoss, loss };
  }

  /**
   * Builds the graph from images to their codes: [B, H / (s₁·s₂), W / (s₁·s₂)] at the top and [B, H / s₁, W / s₁] at
   * the bottom, for the strides s₁ and s₂. The parameters are those of {@linkcode forward}.
   */
  encode(images: Tensor, halves?: HalfCopies): EncodedImages {
    const precision = precisionWith(halves);
    return this.set.withHalves(halves, () => {
      const bottomFeatures = this.encodeBottom(cast(images, precision));
      const top = this.quantizeTop.quantize(cast(this.projectTop(this.encodeTop(bottomFeatures)), "f32"));
      const topVectors = cast(top.values, precision);
      const bottomInput = this.projectBottom(concat([this.decodeTop(topVectors), bottomFeatures]));
      const bottom = this.quantizeBottom.quantize(cast(bottomInput, "f32"));
      return { top, bottom, vectors: { top: topVectors, bottom: cast(bottom.values, precision) } };
    });
  }

  /**
   * Builds the graph from code indices, u32, to images. The indices have the shapes that {@linkcode encode} gives. What
   * an index outside the codebook reads is undefined.
   */
  decode({ top, bottom }: Levels<Tensor>, halves?: HalfCopies): DecodedImages {
    const vectors = {
      top: cast(this.quantizeTop.lookUp(top), precisionWith(halves)),
      bottom: cast(this.quantizeBottom.lookUp(bottom), precisionWith(halves)),
    };
    return this.decodeVectors(vectors, halves);
  }

  private decodeVectors({ top, bottom }: Levels<Tensor>, halves?: HalfCopies): DecodedImages {
    const latent = this.latent(top, bottom, halves);
    return { latent, reconstruction: this.decodeLatent(latent, halves) };
  }

  /**
   * The decoder's input, on which classifiers can be trained: concat[upsample_t(q_t), q_b], [B, 2·embed_dim, H / s₁, W
   * / s₁], for the code vectors q_t and q_b [B, embed_dim, h, w].
   */
  latent(top: Tensor, bottom: Tensor, halves?: HalfCopies): Tensor {
    return this.set.withHalves(halves, () => concat([this.upsampleTop(top), bottom]));
  }

  /** Images [B, C, H, W] float32 from latents. */
  decodeLatent(latent: Tensor, halves?: HalfCopies): Tensor {
    return this.set.withHalves(halves, () => cast(this.decodeBoth(latent), "f32"));
  }
}

/** The type of values between layers. */
function precisionWith(halves?: HalfCopies): FloatType {
  return halves ? "f16" : "f32";
}
