/** Trained classifiers from the content of their files. */

import { DataError } from "../errors.ts";
import { defaultClassNames } from "../models/densenet/class_names.ts";
import type { DensenetConfiguration } from "../models/densenet/configuration.ts";
import { Densenet } from "../models/densenet/model.ts";
import { representations } from "../representation.ts";
import type { ClassifierInput, TrainedClassifier } from "./classifier.ts";
import { configurationIn, type DescribedWeights, matchState } from "./model_description.ts";

/**
 * The classifier that the content of a file describes.
 *
 * @param path the file's path or another name of it, with which messages begin
 * @throws {DataError} if the content is not a checkpoint of `train:densenet`
 */
export function classifierOf({ tensors, metadata }: DescribedWeights, path: string): TrainedClassifier {
  const configuration = configurationIn(metadata, "densenet", path) as DensenetConfiguration | undefined;
  if (!configuration) {
    throw new DataError(`${path}: its metadata describe no model, expected a checkpoint of train:densenet`);
  }
  const shapes = new Map(new Densenet(configuration).set.all.map(({ key, shape }) => [key, shape]));
  const weights = matchState(tensors, shapes, path);
  const { input = "orig", class_names } = metadata;
  if (!(representations as readonly string[]).includes(input)) {
    throw new DataError(`${path}: was trained on "${input}", expected ${representations.join(", ")}`);
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
    // Text that is not JSON is refused below, like JSON that is not a list of names.
  }
  throw new DataError(`${path}: its class names are ${text}, expected a list of ${n_classes} texts`);
}
