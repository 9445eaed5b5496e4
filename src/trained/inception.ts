/** Features of pictures for a Fréchet Inception Distance. */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../gpu/device.ts";
import { Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import type { Pixels } from "../metrics/pictures.ts";
import { featureCount, Inception, inceptionSide } from "../models/inception/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import { plan } from "../plan/plan.ts";

/** Pictures in a pass. */
const mostAtOnce = 8;

/** Weights as the network takes them, by key. */
export type InceptionWeights = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** Inception on a GPU. */
export class FeatureExtractor {
  private readonly model = new Inception();
  private readonly memory: Memory;
  private readonly passes = new Map<number, { executor: Executor; images: Tensor; features: Tensor }>();

  constructor(gpu: Gpu, private readonly weights: InceptionWeights) {
    this.memory = new Memory(gpu);
  }

  /** Features [2048] of each picture; gray ones are repeated, and all are resized to 299 by 299. */
  async features(pictures: readonly Pixels[]): Promise<Float32Array[]> {
    const features: Float32Array[] = [];
    for (let start = 0; start < pictures.length; start += mostAtOnce) {
      const some = pictures.slice(start, start + mostAtOnce);
      const pass = this.passes.get(some.length) ?? await this.load(some.length);
      const images = new Float32Array(some.length * 3 * inceptionSide ** 2);
      some.forEach((picture, index) => images.set(inceptionInput(picture), index * 3 * inceptionSide ** 2));
      this.memory.write(pass.images, images);
      pass.executor.run();
      const [values] = await pass.executor.read([pass.features]) as Float32Array[];
      for (let index = 0; index < some.length; index++) {
        features.push(values!.slice(index * featureCount, (index + 1) * featureCount));
      }
    }
    return features;
  }

  private async load(count: number) {
    const images = variable(floatType([count, 3, inceptionSide, inceptionSide]), "images");
    const features = this.model.forward(channelsLast(images));
    const executor = await Executor.load(plan({ results: [features] }, this.memory.gpu.target), this.memory);
    if (this.passes.size === 0) {
      for (const { key, tensor } of this.model.set.all) this.memory.write(tensor, this.weights.get(key)!);
    }
    const pass = { executor, images, features };
    this.passes.set(count, pass);
    return pass;
  }

  close(): void {
    for (const { executor } of this.passes.values()) executor.destroy();
    this.memory.destroy();
  }
}

/**
 * A picture as Inception takes it: [3, 299, 299] in −1 … 1, resized bilinearly without antialiasing, as PyTorch's `interpolate` with
 * `align_corners=False` and so as pytorch-fid does.
 */
export function inceptionInput({ data, channels, height, width }: Pixels): Float32Array {
  const side = inceptionSide;
  const rows = sampling(height, side), columns = sampling(width, side);
  const result = new Float32Array(3 * side ** 2);
  for (let channel = 0; channel < 3; channel++) {
    const plane = (channel % channels) * height * width;
    for (let y = 0; y < side; y++) {
      const { low, high, share } = rows[y]!;
      for (let x = 0; x < side; x++) {
        const { low: left, high: right, share: along } = columns[x]!;
        const mix = (row: number) =>
          data[plane + row * width + left]! * (1 - along) + data[plane + row * width + right]! * along;
        const value = mix(low) * (1 - share) + mix(high) * share;
        result[(channel * side + y) * side + x] = 2 * value / 255 - 1;
      }
    }
  }
  return result;
}

/** For each place of the result, the two places of the source that it lies between. */
function sampling(extent: number, side: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: side }, (_, index) => {
    const place = Math.max(0, (index + 0.5) * extent / side - 0.5);
    const low = Math.min(Math.floor(place), extent - 1);
    return { low, high: Math.min(low + 1, extent - 1), share: place - low };
  });
}
