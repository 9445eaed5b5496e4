/** A trained classifier: images or latents to probabilities. */

import { floatType } from "../graph/layout.ts";
import type { Gpu } from "../gpu/device.ts";
import type { DensenetConfiguration } from "../models/densenet/configuration.ts";
import { Densenet } from "../models/densenet/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import type { Representation } from "../representation.ts";
import { type BatchSize, batchText, requireBatch } from "./image_batch.ts";
import { type ModelWeights, Network, type Values } from "./network.ts";

/** What a classifier was trained on. */
export type ClassifierInput = Representation;

/** A classifier as a checkpoint holds it. */
export interface TrainedClassifier {
  /** The checkpoint's file. */
  path: string;
  configuration: DensenetConfiguration;
  classNames: string[];
  input: ClassifierInput;
  weights: ModelWeights;
  /** What the user should know about how the file was read, each in one line that names it. */
  notes?: readonly string[];
  /** The same file as a classifier of latents, if it may be one. */
  asLatent?: TrainedClassifier;
}

/** The channels of a classifier's inputs: three for images, otherwise the latents'. */
export function inputChannels({ latent_channels }: DensenetConfiguration): number {
  return latent_channels === 0 ? 3 : latent_channels;
}

/**
 * A classifier on a GPU, for inputs of any size that its architecture takes and batches of any size.
 *
 * Inputs are normalised as in training: row-major [count, C, height, width] with C of {@linkcode inputChannels}; for
 * latents, height and width are those of the latents.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Gpu } from "../gpu/device.ts";
 * import { densenet121 } from "../models/densenet/configuration.ts";
 * import { Densenet } from "../models/densenet/model.ts";
 *
 * const configuration = { ...densenet121, n_classes: 2, growth_rate: 8, block_layers: [1, 1], initial_features: 16 };
 * // An untrained classifier; `readClassifier` of classifier_file.ts reads trained ones.
 * const weights = new Densenet(configuration).set.initialValues(1);
 * const trained = { path: "", configuration, classNames: ["a", "b"], input: "orig" as const, weights };
 *
 * const gpu = await Gpu.open();
 * const classifier = new Classifier(gpu, trained);
 * const images = new Float32Array(3 * 3 * 32 * 32);
 * const probabilities = await classifier.predict(images, { count: 3, height: 32, width: 32 });
 * assertEquals(probabilities.length, 3 * 2);
 * classifier.close();
 * gpu.close();
 * ```
 */
export class Classifier {
  private readonly model: Densenet;
  private readonly network: Network;
  /** Inputs that one run takes, by the inputs' size. */
  private readonly capacities = new Map<string, number>();

  constructor(gpu: Gpu, private readonly trained: TrainedClassifier) {
    this.model = new Densenet(trained.configuration);
    this.network = new Network(gpu, this.model.set, trained.weights);
  }

  get configuration(): DensenetConfiguration {
    return this.trained.configuration;
  }

  get classNames(): readonly string[] {
    return this.trained.classNames;
  }

  /**
   * Probabilities [count, n_classes] of inputs [count, C, height, width].
   *
   * All runs for inputs of one size take as many as the first call had: smaller batches are padded with zeros and
   * larger ones split, so that an input's probabilities do not depend on how many others are in its batch.
   *
   * @throws {RangeError} if the number of values does not fit the shape, or the inputs are too small for the
   * architecture
   */
  async predict(inputs: Values, size: BatchSize): Promise<Values> {
    const { n_classes } = this.configuration;
    const { count, height, width } = size;
    const channels = inputChannels(this.configuration);
    requireBatch(inputs, channels, size);
    const capacity = this.capacityFor(size);
    const length = channels * height * width;
    const build = () => {
      const images = variable(floatType([capacity, channels, height, width]), "images");
      return { inputs: [images], results: [this.model.forward(channelsLast(images), "evaluate")] };
    };
    const name = `logits of ${batchText({ ...size, count: capacity })}`;
    const probabilities = new Float32Array(count * n_classes);
    for (let first = 0; first < count; first += capacity) {
      const part = inputs.subarray(first * length, (first + capacity) * length);
      const [logits] = await this.network.run(name, build, [withZeros(part, capacity * length)]) as Values[];
      const wanted = logits!.subarray(0, Math.min(capacity, count - first) * n_classes);
      probabilities.set(wanted.map(sigmoid), first * n_classes);
    }
    return probabilities;
  }

  private capacityFor({ count, height, width }: BatchSize): number {
    const key = `${height} by ${width}`;
    const capacity = this.capacities.get(key) ?? count;
    this.capacities.set(key, capacity);
    return capacity;
  }

  /** Frees the GPU's memory. The classifier cannot be used afterwards. */
  close(): void {
    this.network.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The values followed by zeros, `length` in all. */
function withZeros(values: Values, length: number): Values {
  if (values.length === length) return values;
  const whole = new Float32Array(length);
  whole.set(values);
  return whole;
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
