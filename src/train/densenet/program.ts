/** The classifier's programs for training and evaluation: graphs for one batch size, with their inputs. */

import { alone, type Group } from "../../distributed/group.ts";
import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Densenet, Mode } from "../../models/densenet/model.ts";
import { channelsLast, type ImageRange } from "../../ops/channels.ts";
import { gradients } from "../../ops/gradient.ts";
import { logisticLoss } from "../../ops/logistic_loss.ts";
import { variable } from "../../ops/variable.ts";
import { type Adam, stepInput } from "../../optim/adam.ts";
import type { MixedPrecision } from "../../optim/mixed_precision.ts";
import { microBatches, total } from "../micro_batches.ts";
import { sumOverRanks } from "../rank_sums.ts";
import { RowRing } from "../row_ring.ts";
import { ringCapacity, ScalarRing } from "../scalar_ring.ts";
import type { BatchShape, StepProgram } from "../step_program.ts";

/** A program of the classifier. */
export interface DensenetProgram extends StepProgram<"loss"> {
  /** Weights of the batch's positive and negative labels, [B, K, 1, 1]; written before each run. */
  positive: Tensor;
  negative: Tensor;
  /** Logits [B, K, 1, 1] of the last steps. */
  logits: RowRing;
}

function inputsOf(model: Densenet, shape: BatchShape) {
  const images = variable(floatType(shape), "images");
  const labels = floatType([shape[0], model.configuration.n_classes, 1, 1]);
  const [positive, negative] = ["positive", "negative"].map((name) => variable(labels, name)) as [
    Tensor,
    Tensor,
  ];
  return { images, step: stepInput(), positive, negative };
}

/**
 * Logits and loss of a part of the batch. The parts' losses add up, because the labels' weights are those of the whole
 * batch.
 */
function forward(
  model: Densenet,
  { images, positive, negative }: ReturnType<typeof inputsOf>,
  range: ImageRange,
  mode: Mode,
  options: Parameters<Densenet["forward"]>[2],
) {
  const logits = model.forward(channelsLast(images, range), mode, options);
  return { logits, loss: logisticLoss(logits, channelsLast(positive, range), channelsLast(negative, range)) };
}

/** Rings of the loss, over all ranks, and of this rank's logits, from those of the parts of its batch. */
function ringsOf(
  parts: readonly { logits: Tensor; loss: Tensor }[],
  step: Tensor,
  { mixed, group = alone }: { mixed?: MixedPrecision; group?: Group } = {},
) {
  const logits = new RowRing(parts.map((part) => part.logits));
  const isAlone = group.size === 1;
  // A rank records its own logits before the sums, since nothing else passes them.
  const early = isAlone ? [] : logits.record(step);
  const own = total(parts.map((part) => part.loss));
  const { sums: [sum], reduced } = sumOverRanks(group, [{ tensor: own, factor: 1 }]);
  const ring = new ScalarRing<"loss">({ loss: sum!, ...mixed?.scalars }, ringCapacity);
  const records = [...early, ring.record(step), ...isAlone ? logits.record(step) : []];
  return { rings: { ring, logits }, records, reduced };
}

/** Variants of the training step. */
export interface TrainingVariant {
  /**
   * Equal parts in which the batch goes through the model. Batch normalisation takes each part's own moments, so the
   * step differs slightly from that of the whole batch. Default: 1.
   */
  accumulate?: number;
  /** See Densenet.forward. */
  copied?: boolean;
  /** The ranks among whose parts the whole batch is divided. Default: one rank. */
  group?: Group;
}

/**
 * One training step: loss, gradients, Adam; the running statistics of batch normalisation move with it. With several
 * ranks the program has `reduced` arenas, and the labels' weights are those of all ranks' batch. Batch normalisation
 * stays local: each rank takes the moments of its own images, and its running statistics follow these alone.
 */
export function trainingProgram(
  model: Densenet,
  optimizer: Adam,
  shape: BatchShape,
  { accumulate = 1, copied = false, group = alone }: TrainingVariant = {},
): DensenetProgram {
  const inputs = inputsOf(model, shape);
  const { halves, mixed } = optimizer;
  const weights = model.set.parameters.map(({ tensor }) => tensor);
  const whole = microBatches(shape[0], accumulate, (range) => {
    const own = forward(model, inputs, range, "train", { copied, halves });
    return { gradients: gradients(own.loss, weights, mixed?.state.scale), own };
  });
  const gathered = optimizer.gather(whole.gradients);
  const { rings, records, reduced } = ringsOf(whole.parts, inputs.step, { mixed, group });
  const { effect, arenas } = optimizer.apply(inputs.step, gathered);
  return {
    program: {
      effects: [...records, effect],
      arenas: [...arenas, ...reduced],
      reduced: reduced.length > 0 ? [gathered, ...reduced] : [],
    },
    ...inputs,
    ...rings,
  };
}

/** Loss and logits of a batch; the model does not change. */
export function evaluationProgram(model: Densenet, optimizer: Adam, shape: BatchShape): DensenetProgram {
  const inputs = inputsOf(model, shape);
  const { halves, arenas } = optimizer;
  const part = forward(model, inputs, { start: 0, count: shape[0] }, "evaluate", { halves });
  const { rings, records } = ringsOf([part], inputs.step);
  return { program: { effects: records, arenas }, ...inputs, ...rings };
}
