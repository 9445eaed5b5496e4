/** DenseNet (Huang et al. 2017). */

import type { FloatType } from "../../graph/layout.ts";
import type { Place, Tensor } from "../../graph/tensor.ts";
import { type Layer, transposedConvolutionLayer, unbiasedConvolutionLayer } from "../../nn/convolution.ts";
import { linearLayer } from "../../nn/linear.ts";
import { type Measured, type NormalisationLayer, normalisationLayer } from "../../nn/normalisation.ts";
import { type HalfCopies, ParameterSet } from "../../nn/parameters.ts";
import { averagePool2d, globalAveragePool2d } from "../../ops/average_pooling.ts";
import { cast, relu } from "../../ops/elementwise.ts";
import { maxPool2d } from "../../ops/max_pooling.ts";
import { moments } from "../../ops/moments.ts";
import { checkConfiguration, type DensenetConfiguration } from "./configuration.ts";
import { CopiedFeatures, Features } from "./features.ts";

/**
 * "train" normalises by the batch's moments and updates the running statistics; "evaluate" normalises by the running
 * statistics.
 */
export type Mode = "train" | "evaluate";

interface ForwardOptions {
  /** Concatenates features and stores every value, as the formulas say; for comparisons only. */
  copied?: boolean;
  /** The optimizer's float16 copies of the weights; with them the values between layers are float16. */
  halves?: HalfCopies;
}

/** A layer that can write its result into a part of another tensor. */
type PlacedLayer = (x: Tensor, into?: Place) => Tensor;

/** Normalisation, ReLU and convolution, in this order. */
interface Stage {
  norm: NormalisationLayer;
  conv: PlacedLayer;
}

interface Block {
  /** Each layer is a 1×1 bottleneck and the 3×3 convolution whose channels are added to the features. */
  layers: { bottleneck: Stage; growth: Stage }[];
  /** Channels after the last layer. */
  channels: number;
  /** Leads to the next block; the last block has none. */
  transition?: Stage;
}

const halving = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] } as const;
const stemPool = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] } as const;

/**
 * The model's layers and their weights, with torchvision's structure and keys. For latents a convolution to three
 * channels comes first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../../graph/layout.ts";
 * import { variable } from "../../ops/variable.ts";
 * import { densenet121 } from "./configuration.ts";
 *
 * const model = new Densenet(densenet121);
 * const images = variable(floatType([8, 3, 64, 64], "channels_last"), "images");
 * assertEquals(model.forward(images, "evaluate").shape, [8, 14, 1, 1]);
 * ```
 */
export class Densenet {
  readonly set = new ParameterSet();
  private readonly fromLatent?: Layer;
  private readonly stem: { conv: PlacedLayer; norm: NormalisationLayer };
  private readonly blocks: Block[];
  private readonly lastNorm: NormalisationLayer;
  private readonly classifier: Layer;

  /**
   * @throws {UsageError} if an option's value is out of range
   * @throws {RangeError} if the architecture is impossible
   */
  constructor(readonly configuration: DensenetConfiguration) {
    checkConfiguration(configuration);
    const { set } = this;
    const { n_classes, latent_channels, block_layers, initial_features: initial, growth_rate } =
      configuration;
    if (latent_channels > 0) {
      const options = { input: latent_channels, output: 3, kernel: 1 };
      this.fromLatent = transposedConvolutionLayer(set, "init_conv", options);
    }
    const key = "model.features";
    this.stem = {
      conv: unbiasedConvolutionLayer(set, `${key}.conv0`, {
        input: 3,
        output: initial,
        kernel: 7,
        stride: 2,
        padding: 3,
      }),
      norm: normalisationLayer(set, `${key}.norm0`, initial),
    };
    let channels = initial;
    this.blocks = block_layers.map((count, index) => {
      const block = this.block(`${key}.denseblock${index + 1}`, channels, count);
      channels += count * growth_rate;
      if (index === block_layers.length - 1) return block;
      const half = Math.floor(channels / 2);
      const transition = this.stage(`${key}.transition${index + 1}`, "", channels, half, 1);
      channels = half;
      return { ...block, transition };
    });
    this.lastNorm = normalisationLayer(set, `${key}.norm${block_layers.length + 1}`, channels);
    this.classifier = linearLayer(set, "model.classifier.0", { input: channels, output: n_classes });
  }

  private block(key: string, input: number, count: number): Block {
    const { growth_rate, bottleneck_factor } = this.configuration;
    const width = growth_rate * bottleneck_factor;
    const layers = Array.from({ length: count }, (_, index) => {
      const own = `${key}.denselayer${index + 1}`;
      return {
        bottleneck: this.stage(own, "1", input + index * growth_rate, width, 1),
        growth: this.stage(own, "2", width, growth_rate, 3),
      };
    });
    return { layers, channels: input + count * growth_rate };
  }

  private stage(key: string, suffix: string, input: number, output: number, kernel: 1 | 3): Stage {
    const padding = (kernel - 1) / 2;
    return {
      norm: normalisationLayer(this.set, `${key}.norm${suffix}`, input),
      conv: unbiasedConvolutionLayer(this.set, `${key}.conv${suffix}`, { input, output, kernel, padding }),
    };
  }

  /**
   * Builds the graph from inputs to logits [B, n_classes, 1, 1] float32.
   *
   * @param input [B, C, H, W] float32, channels last; C is 3 for images, otherwise `latent_channels`
   * @throws {RangeError} if a block would have images without pixels
   */
  forward(input: Tensor, mode: Mode, { copied = false, halves }: ForwardOptions = {}): Tensor {
    const precision = halves ? "f16" : "f32";
    return this.set.withHalves(halves, () => this.build(input, mode, copied, precision));
  }

  private build(input: Tensor, mode: Mode, copied: boolean, precision: FloatType): Tensor {
    const training = mode === "train";
    const normalised = (norm: NormalisationLayer, features: Measured) =>
      copied ? relu(norm(features, { relu: false })) : norm(features);
    const measure = (values: Tensor): Measured =>
      training ? { values, moments: moments(values) } : { values };
    let place = (into?: Place): Tensor => {
      const given = cast(input, precision);
      const images = this.fromLatent ? this.fromLatent(given) : given;
      return maxPool2d(normalised(this.stem.norm, measure(this.stem.conv(images))), stemPool, into);
    };
    let size = pooledSize(stemSize(input.shape));
    let last!: Measured;
    for (const [index, block] of this.blocks.entries()) {
      const shape = [input.shape[0]!, block.channels, ...size];
      const features = copied
        ? new CopiedFeatures(training)
        : new Features(shape, `denseblock${index + 1}`, training, precision);
      features.add(place(features.next));
      for (const { bottleneck, growth } of block.layers) {
        const narrow = bottleneck.conv(normalised(bottleneck.norm, features.all));
        features.add(growth.conv(normalised(growth.norm, measure(narrow)), features.next));
      }
      last = features.all;
      const { transition } = block;
      if (!transition) break;
      const reduced = transition.conv(normalised(transition.norm, last));
      place = (into) => averagePool2d(reduced, halving, into);
      size = size.map((extent) => Math.floor(extent / 2)) as [number, number];
    }
    return cast(this.classifier(globalAveragePool2d(normalised(this.lastNorm, last))), "f32");
  }
}

/** [height, width] after the stem's convolution. */
function stemSize([, , height, width]: readonly number[]): [number, number] {
  return [Math.floor((height! - 1) / 2) + 1, Math.floor((width! - 1) / 2) + 1];
}

/** [height, width] after the stem's pooling, whose window arithmetic is that of the convolution. */
function pooledSize([height, width]: [number, number]): [number, number] {
  return stemSize([0, 0, height, width]);
}
