/** Trained classifiers from the content of their files. */

import { DataError } from "../errors.ts";
import { toFloat32 } from "../io/host_tensor.ts";
import { defaultClassNames } from "../models/densenet/class_names.ts";
import { densenet121, type DensenetConfiguration } from "../models/densenet/configuration.ts";
import { inferDensenetConfiguration } from "../models/densenet/infer.ts";
import { Densenet } from "../models/densenet/model.ts";
import { representations } from "../representation.ts";
import type { ClassifierInput, TrainedClassifier } from "./classifier.ts";
import { type ClassifierParts, classifierParts } from "./classifier_parts.ts";
import { configurationIn, type DescribedWeights, matchState, statesOf } from "./model_description.ts";
import { type Choice, chooseCandidate, findCandidates } from "./state_candidates.ts";

/**
 * The classifier that the content of a file describes: a checkpoint of `train:densenet`, or weights from PyTorch.
 * Files that vqray wrote hold the configuration, the classes' names and the kind of input in their metadata. For others
 * the configuration is inferred from the tensors' shapes, and the classes are numbered. Keys may have any prefix.
 *
 * PyTorch's files do not say what the classifier was trained on. It is `input` if given. Otherwise it is taken for one
 * of latents if its `init_conv` has values that only training gives it, else for one of original images; the original
 * repository's classifiers of images have an `init_conv`, too, which they do not use. A note says what was assumed.
 *
 * @param path the file's path or another name of it, with which messages begin
 * @param input what the classifier was trained on, if the file does not say so
 * @throws {DataError} if the content is not a classifier's
 */
export function classifierOf(
  content: DescribedWeights,
  path: string,
  input?: ClassifierInput,
): TrainedClassifier {
  const { tensors, metadata } = content;
  const configuration = configurationIn(metadata, "densenet", path) as DensenetConfiguration | undefined;
  if (!configuration) return foreignClassifier(content, path, input);
  const weights = matchState(tensors, shapesOf(configuration), path);
  const { input: saved = "orig", class_names } = metadata;
  if (!(representations as readonly string[]).includes(saved)) {
    throw new DataError(`${path}: was trained on "${saved}", expected ${representations.join(", ")}`);
  }
  if (input !== undefined && input !== saved) {
    throw new DataError(`${path}: was trained on ${saved}, expected ${input}`);
  }
  const classNames = namesIn(class_names, configuration, path);
  return { path, configuration, classNames, input: saved as ClassifierInput, weights };
}

/** A classifier of PyTorch. */
function foreignClassifier(
  content: DescribedWeights,
  path: string,
  given: ClassifierInput | undefined,
): TrainedClassifier {
  const { value: parts, notes } = chooseParts(content, path, (parts) => {
    const { features, head, initConv } = parts;
    if (head.size === 0) {
      throw new DataError("it has no classifier.weight: these are features without a classifier");
    }
    make(new Map([...features, ...head, ...initConv]));
    return parts;
  });

  function make(tensors: DescribedWeights["tensors"]) {
    const configuration = inferDensenetConfiguration(tensors);
    return { configuration, weights: matchState(tensors, shapesOf(configuration), path) };
  }
  const { features, head, initConv } = parts;
  const classifier = (input: ClassifierInput): TrainedClassifier => {
    const used = input === "latent" ? initConv : [];
    const made = make(new Map([...features, ...head, ...used]));
    const { n_classes } = made.configuration;
    // The classes of a file of unknown origin are not necessarily CheXpert's.
    const classNames = Array.from({ length: n_classes }, (_, index) => `class ${index + 1}`);
    return { path, ...made, classNames, input, notes };
  };
  if (given === "latent" && initConv.size === 0) {
    throw new DataError(`${path}: it has no init_conv, which a classifier of latents needs`);
  }
  const leftOut = `${path}: init_conv is left out, which only classifiers of latents use`;
  if (given) {
    if (given !== "latent" && initConv.size > 0) notes.push(leftOut);
    return classifier(given);
  }
  if (isTrained(parts)) {
    notes.push(
      `${path}: does not say what it was trained on; its init_conv is trained, so latents are assumed`,
    );
    return classifier("latent");
  }
  if (initConv.size === 0) {
    notes.push(`${path}: does not say what it was trained on; original images are assumed`);
    return classifier("orig");
  }
  const assumed = classifier("orig");
  const says = `${path}: does not say what it was trained on`;
  return {
    ...assumed,
    notes: [...notes, `${says}; original images are assumed`, leftOut],
    asLatent: {
      ...classifier("latent"),
      notes: [...notes, `${says}; latents are assumed, as the data have its channels`],
    },
  };
}

/** Whether the values of `init_conv` go beyond PyTorch's initial ones, which are uniform in ±1/√3. */
function isTrained({ initConv }: ClassifierParts): boolean {
  const bound = 1 / Math.sqrt(3) * (1 + 1e-6);
  return [...initConv.values()].some((tensor) => toFloat32(tensor).some((value) => Math.abs(value) > bound));
}

/**
 * The parts of the classifier of PyTorch in a file.
 *
 * @param fit checks whether the parts of a candidate are a model; throws if not
 * @throws {DataError} if no candidate fits
 */
export function chooseParts<T>(
  content: DescribedWeights,
  path: string,
  fit: (parts: ClassifierParts) => T,
): Choice<T> {
  const states = statesOf(content);
  const keys = recognisedKeys();
  if (findCandidates(states, keys).length > 0) {
    return chooseCandidate(states, keys, (each) => fit(classifierParts(each)), path);
  }
  // The features were saved without the network around them.
  const bare = new Set([...keys].map((key) => key.slice("features.".length)));
  if (findCandidates(states, bare).length === 0) bare.clear();
  return chooseCandidate(states, bare.size > 0 ? bare : keys, (each) => {
    const tensors = new Map([...each.tensors].map(([key, tensor]) => [`features.${key}`, tensor]));
    return fit(classifierParts({ ...each, tensors }));
  }, path);
}

/** Keys by which a classifier is recognised, as torchvision's networks have them: those of DenseNet-121's features. */
function recognisedKeys(): Set<string> {
  const keys = [...shapesOf(densenet121).keys()].filter((key) => key.startsWith("model.features."));
  return new Set(keys.map((key) => key.slice("model.".length)));
}

function shapesOf(configuration: DensenetConfiguration): Map<string, readonly number[]> {
  return new Map(new Densenet(configuration).set.all.map(({ key, shape }) => [key, shape]));
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
