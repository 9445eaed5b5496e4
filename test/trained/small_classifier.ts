/** A DenseNet that is small enough for tests, its weights, and its checkpoint. */

import { keyOf, uniformArray } from "../../src/random.ts";
import type { DensenetConfiguration } from "../../src/models/densenet/configuration.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { saveWeights } from "../../src/trained/model_file.ts";
import type { State } from "../../src/trained/model_file.ts";

export const smallDensenet: DensenetConfiguration = {
  n_classes: 3,
  latent_channels: 0,
  growth_rate: 8,
  block_layers: [2, 2, 2, 2],
  initial_features: 16,
  bottleneck_factor: 4,
};

/** Initial weights, with random running statistics and a random last bias in place of the initial ones. */
export function smallWeights(configuration: DensenetConfiguration, seed = 1): State {
  const { set } = new Densenet(configuration);
  const initial = set.initialValues(seed);
  const ranges: [ending: string, low: number, high: number][] = [
    ["running_mean", -0.2, 0.2],
    ["running_var", 0.5, 1.5],
    ["classifier.0.bias", -1, 1],
  ];
  return new Map(set.all.map(({ key, shape }) => {
    const range = ranges.find(([ending]) => key.endsWith(ending));
    const values = initial.get(key)!;
    const data = range ? uniformArray(keyOf(`${key} ${seed}`), values.length, range[1], range[2]) : values;
    return [key, { shape: [...shape], data }];
  }));
}

/** Writes a checkpoint like `train:densenet`. */
export async function saveClassifier(
  path: string,
  configuration: DensenetConfiguration,
  extraMetadata: Record<string, string>,
  seed = 1,
): Promise<void> {
  const model = { kind: "densenet", configuration, extraMetadata };
  await saveWeights(path, model, smallWeights(configuration, seed), { steps: 1, epochs: 1, batches: 0 });
}
