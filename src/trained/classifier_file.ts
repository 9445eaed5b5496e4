/** Reads trained classifiers from files. */

import { readSafetensors } from "../io/safetensors_file.ts";
import type { TrainedClassifier } from "./classifier.ts";
import { classifierOf } from "./classifier_weights.ts";

/**
 * Reads a checkpoint of `train:densenet`.
 *
 * @throws {DataError} if the file is anything else; one line that names it
 */
export async function readClassifier(path: string): Promise<TrainedClassifier> {
  return classifierOf(await readSafetensors(path), path);
}
