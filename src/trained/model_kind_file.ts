import { readWeights } from "../io/weights_file.ts";

export type ModelKind = "codec" | "classifier";

/**
 * What a file of weights is of, by what it says of itself or else by its tensors' names. What is no codec counts as a
 * classifier, whose reader says what is wrong with it.
 *
 * @throws DataError, one line naming the file, where it cannot be read
 */
export async function modelKind(path: string): Promise<ModelKind> {
  const { tensors, metadata } = await readWeights(path);
  const isCodec = metadata.kind === "vqvae" ||
    (metadata.kind === undefined && tensors.has("quantize_t.embed"));
  return isCodec ? "codec" : "classifier";
}
