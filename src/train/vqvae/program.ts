/** The codec's programs for training, evaluation and pictures: graphs for one batch size, with their inputs. */

import { alone, type Group } from "../../distributed/group.ts";
import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Vqvae, VqvaeResult } from "../../models/vqvae/model.ts";
import { channelsLast } from "../../ops/channels.ts";
import { perplexity } from "../../ops/codebook.ts";
import { cast, scale } from "../../ops/elementwise.ts";
import { gradients } from "../../ops/gradient.ts";
import { variable } from "../../ops/variable.ts";
import { type Adam, stepInput } from "../../optim/adam.ts";
import type { MixedPrecision } from "../../optim/mixed_precision.ts";
import type { Program } from "../../plan/plan.ts";
import { average, microBatches, total } from "../micro_batches.ts";
import { sumOverRanks } from "../rank_sums.ts";
import { ringCapacity, ScalarRing } from "../scalar_ring.ts";
import type { BatchShape, StepProgram } from "../step_program.ts";

/** What the ring keeps of each step, by the metrics' names. */
export type VqvaeScalar = "loss" | "recon_loss" | "latent_loss" | "perplexity_t" | "perplexity_b";

/** A program that computes the codec's losses. */
export interface VqvaeProgram extends StepProgram<VqvaeScalar> {
  /** u32 [4], of which the first is the step's random key; written before each run if dead codes are restarted. */
  key: Tensor;
  /** Of the first part of the batch. */
  result: VqvaeResult;
}

function inputsOf(shape: BatchShape) {
  const images = variable(floatType(shape), "images");
  const key = variable({ shape: [4], dtype: "u32", layout: "flat" }, "random key");
  return { images, step: stepInput(), key };
}

/** The losses and the codes' statistics of a whole batch. */
interface Totals {
  loss: Tensor;
  recon_loss: Tensor;
  latent_loss: Tensor;
  /** Of the top and of the bottom level; see codeStatistics. */
  statistics_t: Tensor;
  statistics_b: Tensor;
}

/** The totals of the parts of a batch. */
function totalsOf(parts: readonly VqvaeResult[]): Totals {
  const mean = (name: "loss" | "reconstructionLoss" | "latentLoss") =>
    average(parts.map((each) => each[name]));
  return {
    loss: mean("loss"),
    recon_loss: mean("reconstructionLoss"),
    latent_loss: mean("latentLoss"),
    statistics_t: total(parts.map(({ top }) => top.statistics)),
    statistics_b: total(parts.map(({ bottom }) => bottom.statistics)),
  };
}

/** The ring of what the host sees of a step. */
function ringOf({ statistics_t, statistics_b, ...losses }: Totals, mixed?: MixedPrecision) {
  const scalars = {
    ...losses,
    perplexity_t: perplexity(statistics_t),
    perplexity_b: perplexity(statistics_b),
  };
  return new ScalarRing<VqvaeScalar>({ ...scalars, ...mixed?.scalars }, ringCapacity);
}

/** The effects that count both levels' codes. */
function countCodes(model: Vqvae, { statistics_t, statistics_b }: Totals): Tensor[] {
  return [
    model.quantizeTop.count({ statistics: statistics_t }),
    model.quantizeBottom.count({ statistics: statistics_b }),
  ];
}

/** Variants of the training step. */
export interface TrainingVariant {
  /** Codes with a smaller smoothed count are restarted. Default: none. */
  restart?: number;
  /** Equal parts in which the batch goes through the model; the step is the same. Default: 1. */
  accumulate?: number;
  /** The ranks among whose parts the whole batch is divided. Default: one rank. */
  group?: Group;
}

/**
 * One training step: loss, gradients, Adam, codebooks. With several ranks the program has `reduced` arenas, and the
 * step is that of all ranks' images together; each rank has the same number of them.
 */
export function trainingProgram(
  model: Vqvae,
  optimizer: Adam,
  shape: BatchShape,
  { restart, accumulate = 1, group = alone }: TrainingVariant = {},
): VqvaeProgram {
  const inputs = inputsOf(shape);
  const { step, key, images } = inputs;
  const { halves, mixed } = optimizer;
  const weights = model.set.parameters.map(({ tensor }) => tensor);
  const share = 1 / (accumulate * group.size);
  const batch = microBatches(shape[0], accumulate, (range) => {
    const own = model.forward(channelsLast(images, range), halves);
    const loss = share === 1 ? own.loss : scale(own.loss, share);
    return { gradients: gradients(loss, weights, mixed?.state.scale), own };
  });
  const gathered = optimizer.gather(batch.gradients);
  const { totals, top, bottom, reduced } = overRanks(group, batch.parts, restart !== undefined);
  // After all forward passes, so that everything in them sees the codebooks as they were.
  const ring = ringOf(totals, mixed);
  const counts = countCodes(model, totals);
  const restarting = restart === undefined ? undefined : { threshold: restart, key };
  const codebooks = [
    ...model.quantizeTop.update(top, restarting),
    ...model.quantizeBottom.update(bottom, restarting),
  ];
  const record = ring.record(step);
  const { effect, arenas } = optimizer.apply(step, gathered);
  return {
    program: {
      effects: [...counts, ...codebooks, record, effect],
      arenas: [...arenas, ...reduced],
      reduced: reduced.length > 0 ? [gathered, ...reduced] : [],
    },
    ...inputs,
    ring,
    result: batch.parts[0]!,
  };
}

/**
 * The totals over all ranks. Restarted codes draw from the inputs of the last part of the batch, which the last rank
 * has.
 */
function overRanks(group: Group, parts: readonly VqvaeResult[], restarts: boolean) {
  const totals = totalsOf(parts);
  const { rank, size } = group;
  const weighted = (factor: number) => (tensor: Tensor) => ({ tensor, factor });
  const inputs = [parts.at(-1)!.top.input, parts.at(-1)!.bottom.input] as const;
  const { sums, reduced } = sumOverRanks(group, [
    ...[totals.loss, totals.recon_loss, totals.latent_loss].map(weighted(1 / size)),
    ...[totals.statistics_t, totals.statistics_b].map(weighted(1)),
    ...restarts ? inputs.map(weighted(rank === size - 1 ? 1 : 0)) : [],
  ]);
  const [loss, recon_loss, latent_loss, statistics_t, statistics_b] = sums as TensorsOfTotals;
  const [, , , , , input_t = inputs[0], input_b = inputs[1]] = sums;
  return {
    totals: { loss, recon_loss, latent_loss, statistics_t, statistics_b },
    top: { statistics: statistics_t, input: input_t },
    bottom: { statistics: statistics_b, input: input_b },
    reduced,
  };
}

type TensorsOfTotals = [Tensor, Tensor, Tensor, Tensor, Tensor];

/** Losses of a batch; nothing changes but the counters of its codes. */
export function evaluationProgram(model: Vqvae, optimizer: Adam, shape: BatchShape): VqvaeProgram {
  const inputs = inputsOf(shape);
  const { halves, arenas } = optimizer;
  const result = model.forward(channelsLast(inputs.images), halves);
  const totals = totalsOf([result]);
  const ring = ringOf(totals);
  const effects = [...countCodes(model, totals), ring.record(inputs.step)];
  return { program: { effects, arenas }, ...inputs, ring, result };
}

/** A program that shows what a batch looks like to the codec, and changes nothing. */
export interface PictureProgram {
  program: Program;
  /** Flat [B, C, H, W]; written before each run. */
  images: Tensor;
  /** [B, C, H, W]. */
  reconstruction: Tensor;
  /** What the decoder makes of the top codes alone, [B, C, H, W]. */
  topOnly: Tensor;
}

/** Reconstructions of a batch, and what the decoder makes of its top codes alone. */
export function pictureProgram(model: Vqvae, optimizer: Adam, shape: BatchShape): PictureProgram {
  const images = variable(floatType(shape), "images");
  const { precision, halves, arenas } = optimizer;
  const { top, bottom, reconstruction } = model.forward(channelsLast(images), halves);
  const [given, none] = [top.values, scale(bottom.values, 0)].map((each) => cast(each, precision));
  const topOnly = model.decodeLatent(model.latent(given!, none!, halves), halves);
  return { program: { results: [reconstruction, topOnly], arenas }, images, reconstruction, topOnly };
}
