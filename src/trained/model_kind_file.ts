/** Which kind of model a file of weights holds. */

import { withFileSource } from "../io/file_source.ts";
import { decodeWeightsHeader } from "../io/weights.ts";
import { DataError } from "../errors.ts";
import { format } from "./model_description.ts";

/** The kinds of models that can be evaluated. */
export type ModelKind = "codec" | "classifier";

/**
 * The kind of model in a file of weights, by its metadata or otherwise by its tensors' names, whatever their prefix.
 * Everything that is not a codec counts as a classifier, so that the classifier's reader reports what is wrong with it.
 * The tensors' elements are not read.
 *
 * @throws {DataError} if the file cannot be read, or holds both a codec and a classifier; one line that names it
 */
export async function modelKind(path: string): Promise<ModelKind> {
  const { keys, metadata } = await withFileSource(path, decodeWeightsHeader);
  if (metadata.format === format && metadata.kind !== undefined) {
    return metadata.kind === "vqvae" ? "codec" : "classifier";
  }
  const has = (name: string) => [...keys].some((key) => key === name || key.endsWith(`.${name}`));
  const isCodec = has("quantize_t.embed");
  if (isCodec && has("features.conv0.weight")) {
    throw new DataError(`${path}: holds both a codec and a classifier; expected a file for each`);
  }
  return isCodec ? "codec" : "classifier";
}
