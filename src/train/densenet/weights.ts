/** Reads the weights that a classifier starts with. */

import { DataError } from "../../errors.ts";
import type { HostTensor } from "../../io/host_tensor.ts";
import { readWeights } from "../../io/weights_file.ts";
import type { DensenetConfiguration } from "../../models/densenet/configuration.ts";
import { configurationIn, matchState } from "../../trained/model_description.ts";

type Tensors = ReadonlyMap<string, HostTensor>;
type Shapes = ReadonlyMap<string, readonly number[]>;
type State = Map<string, Float32Array<ArrayBuffer>>;

/**
 * The weights of a whole classifier from a file of vqray or of the original repository.
 *
 * @throws {DataError} if the file cannot be read, or holds another model.
 */
export async function classifierWeights(
  path: string,
  configuration: DensenetConfiguration,
  shapes: Shapes,
): Promise<State> {
  const { tensors, metadata } = await readWeights(path);
  const saved = configurationIn(metadata, "densenet", path) ?? {};
  for (const [name, value] of Object.entries(saved)) {
    const own = configuration[name as keyof DensenetConfiguration];
    if (`${own}` === `${value}`) continue;
    throw new DataError(`${path}: weights of another model: ${name} is ${value}, and this run has ${own}`);
  }
  return matchState(classifierTensors(tensors), shapes, path);
}

/**
 * The features of torchvision's DenseNet, without its classifier of ImageNet's thousand classes.
 *
 * @throws {DataError} if the file cannot be read, or holds another model.
 */
export async function pretrainedWeights(path: string, shapes: Shapes): Promise<State> {
  const prefix = "model.features.";
  const isFeature = ([key]: [string, unknown]) => key.startsWith(prefix);
  const tensors = classifierTensors((await readWeights(path)).tensors);
  return matchState(
    new Map([...tensors].filter(isFeature)),
    new Map([...shapes].filter(isFeature)),
    path,
  );
}

/**
 * A classifier's tensors by vqray's keys: torchvision's `features.…` and `classifier.…` become `model.features.…` and
 * `model.classifier.…`. The counters `num_batches_tracked`, which nothing reads, are left out.
 */
export function classifierTensors(tensors: Tensors): Map<string, HostTensor> {
  const named = [...tensors].filter(([key]) => !key.endsWith(".num_batches_tracked"));
  return new Map(
    named.map(([key, tensor]) => [key.replace(/^(features|classifier)\./, "model.$1."), tensor]),
  );
}
