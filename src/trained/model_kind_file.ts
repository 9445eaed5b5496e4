/** Which kind of model a file of weights holds. */

import { withFileSource } from "../io/file_source.ts";
import { decodeWeightsHeader } from "../io/weights.ts";

/** The kinds of models that can be evaluated. */
export type ModelKind = "codec" | "classifier";

/**
 * The kind of model in a file of weights, by its metadata or otherwise by its tensors' names. Everything that is not a
 * codec counts as a classifier, so that the classifier's reader reports what is wrong with it. Of a safetensors file
 * only the header is read.
 *
 * @throws {DataError} if the file cannot be read; one line that names it
 */
export async function modelKind(path: string): Promise<ModelKind> {
  const { keys, metadata } = await withFileSource(path, decodeWeightsHeader);
  const isCodec = metadata.kind === "vqvae" ||
    (metadata.kind === undefined && keys.has("quantize_t.embed"));
  return isCodec ? "codec" : "classifier";
}
