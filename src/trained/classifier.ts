/** A trained classifier applied to images. */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../gpu/device.ts";
import { Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import type { DensenetConfiguration } from "../models/densenet/configuration.ts";
import { Densenet } from "../models/densenet/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import { plan } from "../plan/plan.ts";

/** What a classifier looks at: original images, a codec's reconstructions, or its latents. */
export type ClassifierInput = "orig" | "recon" | "latent";

/** A classifier as a checkpoint holds it. */
export interface TrainedClassifier {
  path: string;
  configuration: DensenetConfiguration;
  classNames: string[];
  /** What it was trained on. */
  input: ClassifierInput;
  /** By key, row-major. */
  weights: Map<string, Float32Array<ArrayBuffer>>;
}

/** The channels of a classifier's images, or of its latents. */
export function inputChannels({ latent_channels }: DensenetConfiguration): number {
  return latent_channels === 0 ? 3 : latent_channels;
}

interface Loaded {
  executor: Executor;
  images: Tensor;
  logits: Tensor;
  /** Images that one run takes. */
  capacity: number;
}

/** A classifier on a GPU for inputs of one size, in batches of any number. */
export class Classifier {
  private readonly model: Densenet;
  private readonly memory: Memory;
  private loaded: Loaded | undefined;

  constructor(
    gpu: Gpu,
    private readonly trained: TrainedClassifier,
    /** [H, W] of images, or of latents. */
    private readonly size: readonly [number, number],
  ) {
    this.model = new Densenet(trained.configuration);
    this.memory = new Memory(gpu);
  }

  get configuration(): DensenetConfiguration {
    return this.trained.configuration;
  }

  get classNames(): readonly string[] {
    return this.trained.classNames;
  }

  /**
   * Probabilities [count, K] of `count` inputs [count, C, H, W]. All runs take as many inputs as the first call has; what is
   * missing is filled with zeros, and larger batches are taken in parts, so that what is said of an image does not
   * depend on the number of its neighbours.
   */
  async predict(inputs: Float32Array<ArrayBuffer>, count: number): Promise<Float32Array<ArrayBuffer>> {
    const { n_classes } = this.configuration;
    const { executor, images, logits, capacity } = this.loaded ??= await this.load(count);
    const length = inputs.length / count;
    const probabilities = new Float32Array(count * n_classes);
    for (let first = 0; first < count; first += capacity) {
      const part = inputs.subarray(first * length, (first + capacity) * length);
      this.memory.write(images, filled(part, capacity * length));
      executor.run();
      const [values] = await executor.read([logits]) as [Float32Array];
      const wanted = values.subarray(0, Math.min(capacity, count - first) * n_classes);
      probabilities.set(wanted.map(sigmoid), first * n_classes);
    }
    return probabilities;
  }

  private async load(capacity: number): Promise<Loaded> {
    const images = variable(floatType([capacity, inputChannels(this.configuration), ...this.size]), "images");
    const logits = this.model.forward(channelsLast(images), "evaluate");
    const executor = await Executor.load(plan({ results: [logits] }, this.memory.gpu.target), this.memory);
    for (const { key, tensor } of this.model.set.all) {
      this.memory.write(tensor, this.trained.weights.get(key)!);
    }
    return { executor, images, logits, capacity };
  }

  close(): void {
    this.loaded?.executor.destroy();
    this.memory.destroy();
  }
}

function filled(values: Float32Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  if (values.length === length) return values;
  const whole = new Float32Array(length);
  whole.set(values);
  return whole;
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
