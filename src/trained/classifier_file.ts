/** Reads trained classifiers from files. */

import { readWeights } from "../io/weights_file.ts";
import type { ClassifierInput, TrainedClassifier } from "./classifier.ts";
import { classifierOf } from "./classifier_weights.ts";

/**
 * Reads a classifier: a checkpoint of `train:densenet`, or weights from PyTorch such as .pt and .pth files.
 *
 * @param input what the classifier was trained on, if the file does not say so; default: see {@linkcode classifierOf}
 * @throws {DataError} if the file cannot be read or holds another model; one line that names it
 */
export async function readClassifier(path: string, input?: ClassifierInput): Promise<TrainedClassifier> {
  return classifierOf(await readWeights(path), path, input);
}
