/** Trained codecs from the content of their files. */

import { DataError, UsageError } from "../errors.ts";
import type { VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { inferConfiguration } from "../models/vqvae/infer.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import type { SavedCodec } from "./codec.ts";
import { configurationIn, type DescribedWeights, matchState } from "./model_description.ts";

/**
 * The codec that the content of a file describes. Files that vqray wrote hold the configuration in their metadata; for
 * others it is inferred from the tensors' shapes.
 *
 * @param path the file's path or another name of it, with which messages begin
 * @throws {DataError} if the content is not a codec's
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defaultConfiguration } from "../models/vqvae/configuration.ts";
 * import { Vqvae } from "../models/vqvae/model.ts";
 *
 * // Tensors as PyTorch's state dict has them, without metadata.
 * const { set } = new Vqvae({ ...defaultConfiguration, channel: 8, n_embed: 16 });
 * const values = set.initialValues(1);
 * const tensors = new Map(set.all.map(({ key, shape }) => [key, { shape: [...shape], data: values.get(key)! }]));
 *
 * const { configuration } = codecOf({ tensors, metadata: {} }, "codec.pt");
 * assertEquals([configuration.channel, configuration.n_embed, configuration.first_stride], [8, 16, 4]);
 * ```
 */
export function codecOf({ tensors, metadata }: DescribedWeights, path: string): SavedCodec {
  const saved = configurationIn(metadata, "vqvae", path);
  try {
    const configuration = saved ? saved as unknown as VqvaeConfiguration : inferConfiguration(tensors);
    const shapes = new Map(new Vqvae(configuration).set.all.map(({ key, tensor }) => [key, tensor.shape]));
    return { configuration, weights: matchState(tensors, shapes, path) };
  } catch (error) {
    const isNamed = !(error instanceof DataError || error instanceof UsageError) ||
      error.message.startsWith(`${path}: `);
    throw isNamed ? error : new DataError(`${path}: ${error.message}`);
  }
}
