/** Inception's parameters from a file's tensors: batch normalisation is folded into the convolutions. */

import { DataError } from "../../errors.ts";
import type { Inception } from "./model.ts";

/** Batch normalisation's ε in Inception. */
const epsilon = 0.001;

/** Tensors by the keys that torchvision and pytorch-fid give them. */
type Tensors = ReadonlyMap<string, { shape: readonly number[]; data: Float32Array<ArrayBuffer> }>;

/**
 * The values of the model's parameters: weight · γ / √(variance + ε), and the bias β − mean · γ / √(variance + ε).
 * Other tensors, such as the classifier's, are ignored.
 *
 * @throws {DataError} if a tensor is missing or has another shape; the message names no file
 */
export function foldedWeights(model: Inception, tensors: Tensors): Map<string, Float32Array<ArrayBuffer>> {
  const shapes = new Map(model.set.all.map(({ key, shape }) => [key, shape]));
  const folded = new Map<string, Float32Array<ArrayBuffer>>();
  const take = (key: string, shape: readonly number[]) => {
    const tensor = tensors.get(key);
    if (!tensor) throw new DataError(`weights of another model: it has no ${key}`);
    if (`${tensor.shape}` !== `${shape}`) {
      throw new DataError(
        `weights of another model: ${key} has shape [${tensor.shape}], expected [${shape}]`,
      );
    }
    return tensor.data;
  };
  for (const unit of model.units) {
    const shape = shapes.get(`${unit}.weight`)!;
    const [output] = shape;
    const weight = take(`${unit}.conv.weight`, shape);
    const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((name) =>
      take(`${unit}.bn.${name}`, [output!])
    );
    const factors = Float64Array.from(
      gamma!,
      (value, channel) => value / Math.sqrt(variance![channel]! + epsilon),
    );
    const each = weight.length / output!;
    folded.set(`${unit}.weight`, weight.map((value, index) => value * factors[Math.floor(index / each)]!));
    folded.set(`${unit}.bias`, beta!.map((value, channel) => value - mean![channel]! * factors[channel]!));
  }
  return folded;
}
