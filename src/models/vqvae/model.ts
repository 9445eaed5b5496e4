/** The two-level VQ-VAE-2 (Razavi, van den Oord and Vinyals 2019), as the PyTorch repository that vqray follows builds it. */

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

/** All that one pass over a batch gives. */
export interface VqvaeResult {
  reconstruction: Tensor;
  /** See {@linkcode Vqvae.latent}. */
  latent: Tensor;
  top: Quantized;
  bottom: Quantized;
  /** mean((reconstruction − images)²). */
  reconstructionLoss: Tensor;
  /** The two quantizers' differences added up. */
  latentLoss: Tensor;
  loss: Tensor;
}

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
  private readonly decode: Layer;

  /** Throws a UsageError where the configuration's parts do not go together. */
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
    this.decode = decoderLayer(set, "dec", {
      input: 2 * embed_dim,
      output: in_channel,
      width: channel,
      stride: first_stride,
      ...residual,
    });
  }

  /**
   * The graph for images [B, C, H, W] in the channels-last layout. With `halves`, the optimizer's float16 copies of the weights,
   * the values between layers are float16; what is quantized, and all that losses are made of, is float32 in any case.
   */
  forward(images: Tensor, halves?: HalfCopies): VqvaeResult {
    return this.set.withHalves(halves, () => this.build(images, halves));
  }

  private build(images: Tensor, halves?: HalfCopies): VqvaeResult {
    const precision = halves ? "f16" : "f32";
    const bottomFeatures = this.encodeBottom(cast(images, precision));
    const top = this.quantizeTop.quantize(cast(this.projectTop(this.encodeTop(bottomFeatures)), "f32"));
    const topValues = cast(top.values, precision);
    const bottomInput = this.projectBottom(concat([this.decodeTop(topValues), bottomFeatures]));
    const bottom = this.quantizeBottom.quantize(cast(bottomInput, "f32"));
    const bottomValues = cast(bottom.values, precision);
    const latent = this.latent(topValues, bottomValues, halves);
    const reconstruction = this.decodeLatent(latent, halves);
    const reconstructionLoss = mse(reconstruction, images, { targetGiven: true });
    const latentLoss = add(top.difference, bottom.difference);
    const loss = add(reconstructionLoss, scale(latentLoss, latentLossWeight));
    return { reconstruction, latent, top, bottom, reconstructionLoss, latentLoss, loss };
  }

  /** What the decoder sees and what a classifier can be trained on: concat[upsample_t(q_t), q_b], [B, 2·embed_dim, h, w]. */
  latent(top: Tensor, bottom: Tensor, halves?: HalfCopies): Tensor {
    return this.set.withHalves(halves, () => concat([this.upsampleTop(top), bottom]));
  }

  /** Images from latents. */
  decodeLatent(latent: Tensor, halves?: HalfCopies): Tensor {
    return this.set.withHalves(halves, () => cast(this.decode(latent), "f32"));
  }
}
