/** Reads trained codecs from files. */

import { DataError, UsageError } from "../errors.ts";
import { readWeights } from "../io/weights_file.ts";
import type { VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { inferConfiguration } from "../models/vqvae/infer.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import type { SavedCodec } from "./codec.ts";
import { configurationIn, matchState } from "./model_description.ts";

/**
 * Reads a codec: a checkpoint of `train:vqvae`, or weights from PyTorch such as .pt and .pth files. Files that vqray
 * wrote hold their configuration; for others it is inferred from the tensors' shapes.
 *
 * @throws {DataError} if the file cannot be read or holds another model; one line that names it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defaultConfiguration } from "../models/vqvae/configuration.ts";
 * import { saveWeights } from "./model_file.ts";
 *
 * // A run of `train:vqvae` leaves such a file in its folder `checkpoint`.
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * const configuration = { ...defaultConfiguration, channel: 4, embed_dim: 2, n_embed: 8 };
 * const { set } = new Vqvae(configuration);
 * const values = set.initialValues(1);
 * const weights = new Map(set.all.map(({ key, shape }) => [key, { shape: [...shape], data: values.get(key)! }]));
 * await saveWeights(path, { kind: "vqvae", configuration }, weights, { steps: 0, epochs: 0, batches: 0 });
 *
 * const codec = await readCodec(path);
 * assertEquals(codec.configuration, configuration);
 * assertEquals(codec.weights, values);
 * await Deno.remove(path);
 * ```
 */
export async function readCodec(path: string): Promise<SavedCodec> {
  const { tensors, metadata } = await readWeights(path);
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
