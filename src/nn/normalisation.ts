/** Batch normalisation with ReLU, as a layer that owns its weight, bias and running statistics. */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type NormalisationState, normaliseBatch, normaliseRunning } from "../ops/normalisation.ts";
import { oneInitialiser, type ParameterSet, zeroInitialiser } from "./parameters.ts";

/**
 * A value and, in training, the moments of its channels. Without moments, normalisation uses the running statistics.
 */
export interface Measured {
  values: Tensor;
  moments?: Tensor;
}

/** A layer from a measured value to its normalised value. ReLU follows unless `relu` is false. */
export type NormalisationLayer = (input: Measured, options?: { relu: boolean }) => Tensor;

/**
 * Parameters `{key}.weight` and `{key}.bias`, buffers `{key}.running_mean` and `{key}.running_var`; [channels] each.
 */
export function normalisationLayer(set: ParameterSet, key: string, channels: number): NormalisationLayer {
  const type = floatType([channels]);
  const state: NormalisationState = {
    gamma: set.parameter(`${key}.weight`, type, oneInitialiser),
    beta: set.parameter(`${key}.bias`, type, zeroInitialiser),
    runningMean: set.buffer(`${key}.running_mean`, type, zeroInitialiser),
    runningVariance: set.buffer(`${key}.running_var`, type, oneInitialiser),
  };
  return ({ values, moments }, options) =>
    moments ? normaliseBatch(values, moments, state, options) : normaliseRunning(values, state, options);
}
