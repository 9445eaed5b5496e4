/** What can be chosen about a DenseNet (Huang et al. 2017), and how small its images may be. */

import { UsageError } from "../../errors.ts";

export interface DensenetConfiguration {
  n_classes: number;
  /** 0: images [B, 3, S, S] go straight into the stem. Otherwise latents of so many channels, which `init_conv` brings to three. */
  latent_channels: number;
  /** Channels that each layer adds to its block's features. */
  growth_rate: number;
  /** Layers of each block. */
  block_layers: readonly number[];
  /** Channels of the stem. */
  initial_features: number;
  /** A layer's bottleneck has so many times `growth_rate` channels. */
  bottleneck_factor: number;
}

/** torchvision's densenet121, with the fourteen classes of CheXpert. */
export const densenet121: Readonly<DensenetConfiguration> = {
  n_classes: 14,
  latent_channels: 0,
  growth_rate: 32,
  block_layers: [6, 12, 24, 16],
  initial_features: 64,
  bottleneck_factor: 4,
};

/** Side of the images in each block, from that of the input; the last is zero or less where the input is too small. */
export function blockSides({ block_layers }: DensenetConfiguration, side: number): number[] {
  const stem = Math.floor((side - 1) / 2) + 1;
  let current = Math.floor((stem - 1) / 2) + 1;
  return block_layers.map((_, index) => index === 0 ? current : current = Math.floor(current / 2));
}

/** Throws a UsageError where the parts do not go together. */
export function checkConfiguration(configuration: DensenetConfiguration): void {
  const { n_classes, latent_channels, growth_rate, block_layers, initial_features } = configuration;
  if (!Number.isInteger(n_classes) || n_classes < 1) {
    throw new UsageError(`--n_classes ${n_classes}: expected a whole number, at least 1`);
  }
  if (!Number.isInteger(latent_channels) || latent_channels < 0) {
    throw new RangeError(`latents of ${latent_channels} channels`);
  }
  // Features lie behind one another in quads.
  if (growth_rate % 4 !== 0 || initial_features % 8 !== 0 || block_layers.length === 0) {
    throw new RangeError(
      `a DenseNet of growth rate ${growth_rate} and ${initial_features} features at first: expected multiples of 4 and 8`,
    );
  }
}
