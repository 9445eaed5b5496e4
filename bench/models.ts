/** The models that benchmarks measure, each as one training step with inputs. */

import { elementCount, type FloatType } from "../src/graph/layout.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { densenet121 } from "../src/models/densenet/configuration.ts";
import { Densenet } from "../src/models/densenet/model.ts";
import { defaultConfiguration } from "../src/models/vqvae/configuration.ts";
import { Vqvae } from "../src/models/vqvae/model.ts";
import type { ParameterSet } from "../src/nn/parameters.ts";
import { Adam, defaultAdam } from "../src/optim/adam.ts";
import { keyOf, uniformArray } from "../src/random.ts";
import { trainingProgram as densenetProgram } from "../src/train/densenet/program.ts";
import type { ScalarRing } from "../src/train/scalar_ring.ts";
import type { BatchShape, StepProgram } from "../src/train/step_program.ts";
import { trainingProgram as vqvaeProgram } from "../src/train/vqvae/program.ts";

/** A training step before it is planned. */
export interface ModelStep {
  set: ParameterSet;
  optimizer: Adam;
  learningRate: number;
  step: Omit<StepProgram<"loss">, "ring"> & { ring: Pick<ScalarRing<"loss">, "read"> };
  /** Images of one batch, [B, C, H, W]. */
  images: Float32Array<ArrayBuffer>;
  /** Other inputs, which are written once. */
  given: readonly [Tensor, Float32Array<ArrayBuffer>][];
}

function imagesOf(shape: BatchShape): Float32Array<ArrayBuffer> {
  return uniformArray(keyOf("bench images"), elementCount(shape), -1, 1);
}

function vqvae(size: number, batch: number, precision: FloatType = "f32"): ModelStep {
  const model = new Vqvae({ ...defaultConfiguration });
  const optimizer = new Adam(model.set.parameters, defaultAdam, precision);
  const shape: BatchShape = [batch, defaultConfiguration.in_channel, size, size];
  const step = vqvaeProgram(model, optimizer, shape);
  return { set: model.set, optimizer, learningRate: 3e-4, step, images: imagesOf(shape), given: [] };
}

/** With `copied`, every value is concatenated and stored, as the formulas have it. */
function densenet(
  size: number,
  batch: number,
  precision: FloatType = "f32",
  copied = false,
): ModelStep {
  const model = new Densenet({ ...densenet121 });
  const optimizer = new Adam(model.set.parameters, { ...defaultAdam, weightDecay: 1e-6 }, precision);
  const shape: BatchShape = [batch, 3, size, size];
  const step = densenetProgram(model, optimizer, shape, { copied });
  const count = elementCount(step.positive.shape);
  const labels = uniformArray(keyOf("bench labels"), count, 0, 1).map((value) => value < 0.5 ? 0 : 1);
  return {
    set: model.set,
    optimizer,
    learningRate: 1e-4,
    step,
    images: imagesOf(shape),
    given: [
      [step.positive, labels.map((label) => label / count)],
      [step.negative, labels.map((label) => (1 - label) / count)],
    ],
  };
}

/** The training step of each model for images of `size` by `size` in batches of `batch`. */
export const models = { vqvae, densenet } as const;

export type ModelName = keyof typeof models;

/** Identifies a training step. */
export interface StepChoice {
  model: ModelName;
  /** Side of the images in pixels. */
  size: number;
  batch: number;
  /** Default: float32. */
  precision?: FloatType;
}

/** DenseNet's step as a framework without views computes it. */
export function copiedDensenet(size: number, batch: number): ModelStep {
  return densenet(size, batch, "f32", true);
}
