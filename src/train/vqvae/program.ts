/** The codec's two programs, training and evaluation, each a graph for one batch size and its inputs. */

import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Vqvae, VqvaeResult } from "../../models/vqvae/model.ts";
import type { Quantized, Quantizer } from "../../models/vqvae/quantizer.ts";
import { channelsLast } from "../../ops/channels.ts";
import { perplexity } from "../../ops/codebook.ts";
import { cast, scale } from "../../ops/elementwise.ts";
import { gradients } from "../../ops/gradient.ts";
import { variable } from "../../ops/variable.ts";
import { type Adam, stepInput } from "../../optim/adam.ts";
import type { MixedPrecision } from "../../optim/mixed_precision.ts";
import { average, microBatches, total } from "../micro_batches.ts";
import { ringCapacity, ScalarRing } from "../scalar_ring.ts";
import type { BatchShape, StepProgram } from "../step_program.ts";

export type VqvaeScalar = "loss" | "recon_loss" | "latent_loss" | "perplexity_t" | "perplexity_b";

/** A program of the codec. */
export interface VqvaeProgram extends StepProgram<VqvaeScalar> {
  /** u32 [4], the first being the step's random key; written before each run where dead codes are restarted. */
  key: Tensor;
  /** The whole batch's, or its first part's where it goes through the model in several. */
  result: VqvaeResult;
}

function inputsOf(shape: BatchShape) {
  const images = variable(floatType(shape), "images");
  const key = variable({ shape: [4], dtype: "u32", layout: "flat" }, "random key");
  return { images, step: stepInput(), key };
}

/** The codes' sums and counts of the whole batch, and what the host is to see of it. */
function summarise(model: Vqvae, results: readonly VqvaeResult[], mixed?: MixedPrecision) {
  const levels = [[model.quantizeTop, "top"], [model.quantizeBottom, "bottom"]] as const;
  const [top, bottom] = levels.map(([quantizer, level]) => {
    const statistics = total(results.map((each) => each[level].statistics));
    const last = results.at(-1)![level];
    return { quantizer, quantized: { ...last, statistics, perplexity: perplexity(statistics) } };
  }) as [Level, Level];
  const mean = (name: "loss" | "reconstructionLoss" | "latentLoss") =>
    average(results.map((each) => each[name]));
  const ring = new ScalarRing<VqvaeScalar>({
    loss: mean("loss"),
    recon_loss: mean("reconstructionLoss"),
    latent_loss: mean("latentLoss"),
    perplexity_t: top.quantized.perplexity,
    perplexity_b: bottom.quantized.perplexity,
    ...mixed?.scalars,
  }, ringCapacity);
  const counts = [top, bottom].map(({ quantizer, quantized }) => quantizer.count(quantized));
  return { ring, counts, levels: [top, bottom] };
}

interface Level {
  quantizer: Quantizer;
  quantized: Quantized;
}

export interface TrainingVariant {
  /** Codes with a smaller smoothed count are restarted. */
  restart?: number;
  /** Equal parts in which the batch goes through the model; the step is the same. */
  accumulate?: number;
}

/** One training step: loss, gradients, Adam, codebooks. */
export function trainingProgram(
  model: Vqvae,
  optimizer: Adam,
  shape: BatchShape,
  { restart, accumulate = 1 }: TrainingVariant = {},
): VqvaeProgram {
  const inputs = inputsOf(shape);
  const { step, key, images } = inputs;
  const { halves, mixed } = optimizer;
  const weights = model.set.parameters.map(({ tensor }) => tensor);
  const whole = microBatches(shape[0], accumulate, (range) => {
    const own = model.forward(channelsLast(images, range), halves);
    const loss = accumulate === 1 ? own.loss : scale(own.loss, 1 / accumulate);
    return { gradients: gradients(loss, weights, mixed?.state.scale), own };
  });
  // Behind all forward passes, so that everything in them sees the codebooks as they were.
  const { ring, counts, levels } = summarise(model, whole.parts, mixed);
  const restarting = restart === undefined ? undefined : { threshold: restart, key };
  const codebooks = levels.flatMap(({ quantizer, quantized }) => quantizer.update(quantized, restarting));
  const record = ring.record(step);
  const { effect, arenas } = optimizer.update(step, whole.gradients);
  const effects = [...counts, ...codebooks, record, effect];
  return { program: { effects, arenas }, ...inputs, ring, result: whole.parts[0]! };
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
  const inputs = inputsOf(shape);
  const { precision, halves, arenas } = optimizer;
  const result = model.forward(channelsLast(inputs.images), halves);
  const { ring, counts } = summarise(model, [result]);
  const { top, bottom, reconstruction } = result;
  const topOnly = () => {
    const [given, none] = [top.values, scale(bottom.values, 0)].map((each) => cast(each, precision));
    return model.decodeLatent(model.latent(given!, none!, halves), halves);
  };
  const program = {
    results: withImages ? [reconstruction, topOnly()] : [],
    effects: [...counts, ring.record(inputs.step)],
    arenas,
  };
  return { program, ...inputs, ring, result };
}
