/** Reads the weights that a classifier starts with. */

import { DataError } from "../../errors.ts";
import { readWeights } from "../../io/weights_file.ts";
import type { DensenetConfiguration } from "../../models/densenet/configuration.ts";
import { chooseParts } from "../../trained/classifier_weights.ts";
import { configurationIn, matchState } from "../../trained/model_description.ts";

type Shapes = ReadonlyMap<string, readonly number[]>;
type State = Map<string, Float32Array<ArrayBuffer>>;
type Note = (text: string) => void;

/**
 * The weights of a whole classifier from a file of vqray or of PyTorch, whose keys may have any prefix.
 *
 * @param note gets what the user should know about how the file was read
 * @throws {DataError} if the file cannot be read, or holds another model
 */
export async function classifierWeights(
  path: string,
  configuration: DensenetConfiguration,
  shapes: Shapes,
  note: Note,
): Promise<State> {
  const content = await readWeights(path);
  const saved = configurationIn(content.metadata, "densenet", path);
  for (const [name, value] of Object.entries(saved ?? {})) {
    const own = configuration[name as keyof DensenetConfiguration];
    if (`${own}` === `${value}`) continue;
    throw new DataError(`${path}: weights of another model: ${name} is ${value}, and this run has ${own}`);
  }
  if (saved) return matchState(content.tensors, shapes, path);
  const isLatent = configuration.latent_channels > 0;
  const { value, notes } = chooseParts(content, path, ({ features, head, initConv }) => {
    const used = isLatent ? initConv : [];
    const state = matchState(new Map([...features, ...head, ...used]), shapes, path);
    return { state, isLeftOut: !isLatent && initConv.size > 0 };
  });
  notes.forEach(note);
  if (value.isLeftOut) note(`${path}: init_conv is left out, which only classifiers of latents use`);
  return value.state;
}

/**
 * The features of a DenseNet from torchvision or another classifier. Its last layer, which belongs to other classes, is
 * left out.
 *
 * @param note gets what the user should know about how the file was read
 * @throws {DataError} if the file cannot be read, or holds another model
 */
export async function pretrainedWeights(path: string, shapes: Shapes, note: Note): Promise<State> {
  const wanted = new Map([...shapes].filter(([key]) => key.startsWith("model.features.")));
  const { value, notes } = chooseParts(await readWeights(path), path, ({ features }) => {
    return matchState(features, wanted, path);
  });
  notes.forEach(note);
  return value;
}
