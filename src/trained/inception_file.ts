/** Reads the weights of Inception v3 from files. */

import { fileError } from "../io/file_error.ts";
import { toFloat32 } from "../io/host_tensor.ts";
import { readWeights } from "../io/weights_file.ts";
import { Inception } from "../models/inception/model.ts";
import { foldedWeights } from "../models/inception/weights.ts";
import type { InceptionWeights } from "./inception.ts";

/**
 * Reads Inception v3's weights with the keys of torchvision's or pytorch-fid's file.
 *
 * @throws DataError, one line naming the file, where it cannot be read or holds another model
 */
export async function readInception(path: string): Promise<InceptionWeights> {
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
