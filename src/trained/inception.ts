/** Features of pictures for a Fréchet Inception Distance. */

import { floatType } from "../graph/layout.ts";
import type { Gpu } from "../gpu/device.ts";
import type { Pixels } from "../metrics/pictures.ts";
import { featureCount, Inception, inceptionSide } from "../models/inception/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import { type ModelWeights, Network, type Values } from "./network.ts";

/** The most pictures in a pass. */
const picturesPerPass = 8;

/** Inception v3 on a GPU: pictures to features. */
export class FeatureExtractor {
  private readonly model = new Inception();
  private readonly network: Network;

  /** @param weights with batch normalisation folded in, as `readInception` of inception_file.ts gives them */
  constructor(gpu: Gpu, weights: ModelWeights) {
    this.network = new Network(gpu, this.model.set, weights);
  }

  /**
   * Features [2048] of each picture. Pictures of any size are resized to 299 × 299, and grey ones get three equal
   * channels.
   */
  async features(pictures: readonly Pixels[]): Promise<Float32Array[]> {
    const features: Float32Array[] = [];
    for (let start = 0; start < pictures.length; start += picturesPerPass) {
      const values = await this.run(pictures.slice(start, start + picturesPerPass));
      for (let at = 0; at < values.length; at += featureCount) {
        features.push(values.slice(at, at + featureCount));
      }
    }
    return features;
  }

  private async run(pictures: readonly Pixels[]): Promise<Values> {
    const shape = [pictures.length, 3, inceptionSide, inceptionSide];
    const build = () => {
      const images = variable(floatType(shape), "images");
      return { inputs: [images], results: [this.model.forward(channelsLast(images))] };
    };
    const length = 3 * inceptionSide ** 2;
    const images = new Float32Array(pictures.length * length);
    pictures.forEach((picture, index) => images.set(inceptionInput(picture), index * length));
    const [features] = await this.network.run(`features of ${pictures.length}`, build, [images]);
    return features as Values;
  }

  /** Frees the GPU's memory. The extractor cannot be used afterwards. */
  close(): void {
    this.network.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * A picture as Inception takes it: [3, 299, 299] in −1 … 1. It is resized bilinearly without antialiasing, like
 * PyTorch's `interpolate` with `align_corners=False`, which pytorch-fid uses.
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

/** For each position of the result, the two positions of the source around it and the share of the second. */
function sampling(extent: number, side: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: side }, (_, index) => {
    const position = Math.max(0, (index + 0.5) * extent / side - 0.5);
    const low = Math.min(Math.floor(position), extent - 1);
    return { low, high: Math.min(low + 1, extent - 1), share: position - low };
  });
}
