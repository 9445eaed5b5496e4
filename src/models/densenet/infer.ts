/** A classifier's configuration inferred from its weights, for PyTorch's files, which hold tensors only. */

import { DataError } from "../../errors.ts";
import type { DensenetConfiguration } from "./configuration.ts";

/** Tensors by key; only their shapes matter. */
type Shapes = ReadonlyMap<string, { shape: readonly number[] }>;

/**
 * The configuration of the DenseNet whose weights have these shapes, under the keys of {@linkcode Densenet}:
 * `model.features.…`, `model.classifier.0.…` and, for latents, `init_conv.…`.
 *
 * @throws {DataError} if a required tensor is missing or has another rank; the message names no file
 */
export function inferDensenetConfiguration(tensors: Shapes): DensenetConfiguration {
  const extents = (key: string, rank: number): readonly number[] => {
    const shape = tensors.get(key)?.shape;
    if (!shape) throw new DataError(`weights of another model: it has no ${key}`);
    if (shape.length !== rank || shape.includes(0)) {
      throw new DataError(`weights of another model: ${key} has shape [${shape}], expected ${rank} axes`);
    }
    return shape;
  };
  const first = "model.features.denseblock1.denselayer1";
  const [initial_features] = extents("model.features.conv0.weight", 4);
  const [bottleneck] = extents(`${first}.conv1.weight`, 4);
  const [growth_rate] = extents(`${first}.conv2.weight`, 4);
  const [n_classes] = extents("model.classifier.0.weight", 2);
  const configuration = {
    n_classes: n_classes!,
    latent_channels: tensors.has("init_conv.weight") ? extents("init_conv.weight", 4)[0]! : 0,
    growth_rate: growth_rate!,
    block_layers: blockLayers(tensors),
    initial_features: initial_features!,
    bottleneck_factor: bottleneck! / growth_rate!,
  };
  const { bottleneck_factor: factor } = configuration;
  if (growth_rate! % 4 !== 0 || initial_features! % 8 !== 0 || !Number.isInteger(factor)) {
    throw new DataError(
      `a DenseNet with ${initial_features} initial features, growth rate ${growth_rate} and bottlenecks of ` +
        `${bottleneck} channels: expected multiples of 8, of 4 and of the growth rate`,
    );
  }
  if (configuration.block_layers.length === 0) {
    throw new DataError(`weights of another model: it has no ${first}.conv1.weight`);
  }
  requireQuads(configuration);
  return configuration;
}

/** Checks that each block begins with a multiple of four channels, as the kernels need it. */
function requireQuads({ block_layers, growth_rate, initial_features }: DensenetConfiguration): void {
  let channels = initial_features;
  for (const [index, count] of block_layers.entries()) {
    if (channels % 4 !== 0) {
      throw new DataError(
        `a DenseNet whose block ${index + 1} begins with ${channels} channels: expected a multiple of 4`,
      );
    }
    channels = Math.floor((channels + count * growth_rate) / 2);
  }
}

/** The number of layers in each block, which are numbered from 1. */
function blockLayers(tensors: Shapes): number[] {
  const layers: number[] = [];
  const key = (block: number, layer: number) => {
    return `model.features.denseblock${block}.denselayer${layer}.conv1.weight`;
  };
  for (let block = 1; tensors.has(key(block, 1)); block++) {
    let count = 1;
    while (tensors.has(key(block, count + 1))) count++;
    layers.push(count);
  }
  return layers;
}
