/** The codec's two programs, training and evaluation, each a graph for one batch size and its inputs. */

import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Vqvae, VqvaeResult } from "../../models/vqvae/model.ts";
import { channelsLast } from "../../ops/channels.ts";
import { scale } from "../../ops/elementwise.ts";
import { gradients } from "../../ops/gradient.ts";
import { variable } from "../../ops/variable.ts";
import { type Adam, stepInput } from "../../optim/adam.ts";
import { ringCapacity, ScalarRing } from "../scalar_ring.ts";
import type { BatchShape, StepProgram } from "../trainer.ts";

export type VqvaeScalar = "loss" | "recon_loss" | "latent_loss" | "perplexity_t" | "perplexity_b";

/** A program of the codec. */
export interface VqvaeProgram extends StepProgram<VqvaeScalar> {
  /** u32 [4], the first being the step's random key; written before each run where dead codes are restarted. */
  key: Tensor;
  result: VqvaeResult;
}

function begin(model: Vqvae, shape: BatchShape) {
  const images = variable(floatType(shape), "images");
  const step = stepInput();
  const key = variable({ shape: [4], dtype: "u32", layout: "flat" }, "random key");
  const result = model.forward(channelsLast(images));
  const ring = new ScalarRing({
    loss: result.loss,
    recon_loss: result.reconstructionLoss,
    latent_loss: result.latentLoss,
    perplexity_t: result.top.perplexity,
    perplexity_b: result.bottom.perplexity,
  }, ringCapacity);
  const counts = [model.quantizeTop.count(result.top), model.quantizeBottom.count(result.bottom)];
  return { images, step, key, result, ring, counts };
}

/** One training step: loss, gradients, Adam, codebooks. `restart`: codes with a smaller smoothed count are restarted. */
export function trainingProgram(
  model: Vqvae,
  optimizer: Adam,
  shape: BatchShape,
  restart?: number,
): VqvaeProgram {
  const { images, step, key, result, ring, counts } = begin(model, shape);
  const weights = model.set.parameters.map(({ tensor }) => tensor);
  const restarting = restart === undefined ? undefined : { threshold: restart, key };
  // Behind the whole forward pass, so that everything in it sees the codebooks as they were.
  const codebooks = [
    ...model.quantizeTop.update(result.top, restarting),
    ...model.quantizeBottom.update(result.bottom, restarting),
  ];
  const { effect, arenas } = optimizer.update(step, gradients(result.loss, weights));
  const effects = [...counts, ...codebooks, ring.record(step), effect];
  return { program: { effects, arenas }, images, step, key, ring, result };
}

/**
 * Losses of a batch without any change to the model but its codes' counters. `withImages` also gives the reconstructions,
 * and what the decoder makes of the top codes alone.
 */
export function evaluationProgram(
  model: Vqvae,
  optimizer: Adam,
  shape: BatchShape,
  withImages = false,
): VqvaeProgram {
  const { images, step, key, result, ring, counts } = begin(model, shape);
  const { top, bottom, reconstruction } = result;
  const topOnly = () => model.decodeLatent(model.latent(top.values, scale(bottom.values, 0)));
  const program = {
    results: withImages ? [reconstruction, topOnly()] : [],
    effects: [...counts, ring.record(step)],
    arenas: [optimizer.parameters],
  };
  return { program, images, step, key, ring, result };
}
