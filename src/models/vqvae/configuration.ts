/** The configuration of a VQ-VAE-2, and the sizes that follow from it. */

import { UsageError } from "../../errors.ts";

/** The names are those of the command line's options and of checkpoints' metadata. */
export interface VqvaeConfiguration {
  /** Channels of the images. */
  in_channel: number;
  /** Channels of the encoders, of the top decoder and of the last decoder. */
  channel: number;
  /** The number of residual blocks in each encoder and decoder. */
  n_res_block: number;
  /** Channels inside a residual block. */
  n_res_channel: number;
  /** The length of a code vector. */
  embed_dim: number;
  /** The number of codes in each of the two codebooks. */
  n_embed: number;
  /** The factor between the sides of an image and of its bottom codes: 2, 4, 8 or 16. */
  first_stride: number;
  /** The factor between the sides of the bottom and the top codes: 2, 4, 8 or 16. */
  second_stride: number;
  /** The share of a codebook's moving averages that an update keeps, from 0 to below 1. */
  decay: number;
}

/** The configuration that `train:vqvae` uses unless options change it. */
export const defaultConfiguration: Readonly<VqvaeConfiguration> = {
  in_channel: 3,
  channel: 128,
  n_res_block: 2,
  n_res_channel: 32,
  embed_dim: 64,
  n_embed: 512,
  first_stride: 4,
  second_stride: 2,
  decay: 0.99,
};

const strides = [2, 4, 8, 16];

/**
 * Checks that a configuration describes a model.
 *
 * @throws {UsageError} if it does not; names the option, its value and what was expected
 */
export function checkConfiguration(configuration: VqvaeConfiguration): void {
  const { channel, embed_dim, first_stride, second_stride, decay } = configuration;
  for (
    const name of ["in_channel", "channel", "n_res_block", "n_res_channel", "embed_dim", "n_embed"] as const
  ) {
    const least = name === "n_res_block" ? 0 : 1;
    if (!Number.isInteger(configuration[name]) || configuration[name] < least) {
      throw new UsageError(`--${name} ${configuration[name]}: expected a whole number, at least ${least}`);
    }
  }
  for (const name of ["first_stride", "second_stride"] as const) {
    if (!strides.includes(configuration[name])) {
      throw new UsageError(`--${name} ${configuration[name]}: expected 2, 4, 8 or 16`);
    }
  }
  const parts = Math.max(first_stride, second_stride) / 2;
  if (channel % Math.max(2, parts) !== 0) {
    throw new UsageError(
      `--channel ${channel}: the strides ${first_stride} and ${second_stride} need a multiple of ${
        Math.max(2, parts)
      }`,
    );
  }
  if (embed_dim % (second_stride / 2) !== 0) {
    throw new UsageError(
      `--embed_dim ${embed_dim}: --second_stride ${second_stride} needs a multiple of ${
        second_stride / 2
      }, since the top codes' upsampling halves its width`,
    );
  }
  if (!(decay >= 0 && decay < 1)) {
    throw new UsageError(`--decay ${decay}: expected a number from 0 to below 1`);
  }
}

/** The factor between the sides of an image and of its top codes. The model takes sides that are multiples of it. */
export function totalStride({ first_stride, second_stride }: VqvaeConfiguration): number {
  return first_stride * second_stride;
}

/** [L, h, w] of the decoder's input for an image of these sides, which are multiples of the total stride. */
export function latentShape(
  { embed_dim, first_stride }: VqvaeConfiguration,
  { height, width }: { height: number; width: number },
): [channels: number, height: number, width: number] {
  return [2 * embed_dim, height / first_stride, width / first_stride];
}

/**
 * Input values for each code index, 3·H·W over the number of indices: the compression as the original repository counts
 * it.
 */
export function valuesPerIndex(configuration: VqvaeConfiguration): number {
  const { in_channel, first_stride } = configuration;
  const indicesPerPixel = 1 / first_stride ** 2 + 1 / totalStride(configuration) ** 2;
  return in_channel / indicesPerPixel;
}

/** Bits for each pixel if every code index takes ⌈log2 n_embed⌉ bits. */
export function indexBitsPerPixel(configuration: VqvaeConfiguration): number {
  const bits = Math.ceil(Math.log2(Math.max(2, configuration.n_embed)));
  return bits * configuration.in_channel / valuesPerIndex(configuration);
}
