/** Reads trained codecs from files. */

import { DataError, UsageError } from "../errors.ts";
import { readWeights } from "../io/weights_file.ts";
import type { VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { inferConfiguration } from "../models/vqvae/infer.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import type { SavedCodec } from "./codec.ts";
import { configurationIn, matchState } from "./model_description.ts";

/**
 * Reads a codec's weights: vqray's own .safetensors say their configuration, for others, such as PyTorch's .pt and .pth, it
 * follows from the tensors' shapes.
 *
 * @throws DataError, one line naming the file, where it cannot be read or holds another model
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
