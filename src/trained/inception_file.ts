/** Reads the weights of Inception v3 from files. */

import { fileError } from "../io/file_error.ts";
import { toFloat32 } from "../io/host_tensor.ts";
import { readWeights } from "../io/weights_file.ts";
import { Inception } from "../models/inception/model.ts";
import { foldedWeights } from "../models/inception/weights.ts";
import type { ModelWeights } from "./network.ts";

/**
 * Reads Inception v3's weights from torchvision's or pytorch-fid's file, and folds batch normalisation into the
 * convolutions.
 *
 * @throws {DataError} if the file cannot be read or holds another model; one line that names it
 */
export async function readInception(path: string): Promise<ModelWeights> {
  const { tensors } = await readWeights(path);
  const floats = new Map(
    [...tensors].map(([key, tensor]) => [key, { shape: tensor.shape, data: toFloat32(tensor) }]),
  );
  try {
    return foldedWeights(new Inception(), floats);
  } catch (error) {
    throw fileError(path, "cannot use", error);
  }
}
