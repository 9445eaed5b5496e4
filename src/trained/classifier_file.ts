/** Reads trained classifiers from files. */

import { DataError } from "../errors.ts";
import { readSafetensors } from "../io/safetensors_file.ts";
import { defaultClassNames } from "../models/densenet/class_names.ts";
import type { DensenetConfiguration } from "../models/densenet/configuration.ts";
import { Densenet } from "../models/densenet/model.ts";
import type { ClassifierInput, TrainedClassifier } from "./classifier.ts";
import { configurationIn, matchState } from "./model_description.ts";

const inputs: readonly string[] = ["orig", "recon", "latent"] satisfies ClassifierInput[];

/**
 * Reads a checkpoint of `train:densenet`.
 *
 * @throws DataError, one line naming the file, if it is anything else
 */
export async function readClassifier(path: string): Promise<TrainedClassifier> {
  const { tensors, metadata } = await readSafetensors(path);
  const configuration = configurationIn(metadata, "densenet", path) as DensenetConfiguration | undefined;
  if (!configuration) {
    throw new DataError(`${path}: does not say what model it is of, expected a checkpoint of train:densenet`);
  }
  const shapes = new Map(new Densenet(configuration).set.all.map(({ key, shape }) => [key, shape]));
  const weights = matchState(tensors, shapes, path);
  const { input = "orig", class_names } = metadata;
  if (!inputs.includes(input)) {
    throw new DataError(`${path}: was trained on "${input}", expected ${inputs.join(", ")}`);
  }
  const classNames = namesIn(class_names, configuration, path);
  return { path, configuration, classNames, input: input as ClassifierInput, weights };
}

function namesIn(text: string | undefined, { n_classes }: DensenetConfiguration, path: string): string[] {
  if (text === undefined) return defaultClassNames(n_classes);
  try {
    const names: unknown = JSON.parse(text);
    const isList = Array.isArray(names) && names.every((name) => typeof name === "string");
    if (isList && names.length === n_classes) return names;
  } catch {
    // What is no JSON is no list either.
  }
  throw new DataError(`${path}: names its classes ${text}, expected a list of ${n_classes} texts`);
}
