/** The configuration of a DenseNet (Huang et al. 2017), and the smallest images that it takes. */

import { UsageError } from "../../errors.ts";

export interface DensenetConfiguration {
  n_classes: number;
  /** 0 for images of three channels. Otherwise the channels of latents, which `init_conv` maps to three. */
  latent_channels: number;
  /** Channels that each layer adds to its block's features; a multiple of 4. */
  growth_rate: number;
  /** The number of layers in each block. */
  block_layers: readonly number[];
  /** The stem's channels; a multiple of 8. */
  initial_features: number;
  /** The channels of a layer's bottleneck, in multiples of `growth_rate`. */
  bottleneck_factor: number;
}

/** torchvision's densenet121 with the 14 classes of CheXpert. */
export const densenet121: Readonly<DensenetConfiguration> = {
  n_classes: 14,
  latent_channels: 0,
  growth_rate: 32,
  block_layers: [6, 12, 24, 16],
  initial_features: 64,
  bottleneck_factor: 4,
};

/**
 * The height or width in each block for an input of this height or width. The last is below 1 if the input is too
 * small.
 */
export function blockSides({ block_layers }: DensenetConfiguration, side: number): number[] {
  const stem = Math.floor((side - 1) / 2) + 1;
  let current = Math.floor((stem - 1) / 2) + 1;
  return block_layers.map((_, index) => index === 0 ? current : current = Math.floor(current / 2));
}

/**
 * Checks that a configuration describes a network.
 *
 * @throws {UsageError} if an option's value is out of range; names the option
 * @throws {RangeError} if the architecture is impossible
 */
export function checkConfiguration(configuration: DensenetConfiguration): void {
  const { n_classes, latent_channels, growth_rate, block_layers, initial_features } = configuration;
  if (!Number.isInteger(n_classes) || n_classes < 1) {
    throw new UsageError(`--n_classes ${n_classes}: expected a whole number, at least 1`);
  }
  if (!Number.isInteger(latent_channels) || latent_channels < 0) {
    throw new RangeError(`latents of ${latent_channels} channels: expected a whole number, at least 0`);
  }
  // Each layer appends its channels to the features in whole quads.
  if (growth_rate % 4 !== 0 || initial_features % 8 !== 0 || block_layers.length === 0) {
    throw new RangeError(
      `a DenseNet of ${block_layers.length} blocks, growth rate ${growth_rate} and ${initial_features} initial ` +
        "features: expected at least 1 block, a multiple of 4 and a multiple of 8",
    );
  }
}
