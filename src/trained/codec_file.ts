/** Reads trained codecs from files. */

import { readWeights } from "../io/weights_file.ts";
import type { SavedCodec } from "./codec.ts";
import { codecOf } from "./codec_weights.ts";

/**
 * Reads a codec: a checkpoint of `train:vqvae`, or weights from PyTorch such as .pt and .pth files. Files that vqray
 * wrote hold their configuration; for others it is inferred from the tensors' shapes.
 *
 * @param note gets what the user should know about how the file was read, a line at a time
 * @throws {DataError} if the file cannot be read or holds another model; one line that names it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defaultConfiguration } from "../models/vqvae/configuration.ts";
 * import { Vqvae } from "../models/vqvae/model.ts";
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
export async function readCodec(path: string, note?: (text: string) => void): Promise<SavedCodec> {
  const codec = codecOf(await readWeights(path), path);
  codec.notes?.forEach((text) => note?.(text));
  return codec;
}
