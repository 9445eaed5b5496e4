/** The classifier's two programs, training and evaluation, each a graph for one batch size and its inputs. */

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
import { RowRing } from "../row_ring.ts";
import { ringCapacity, ScalarRing } from "../scalar_ring.ts";
import type { BatchShape, StepProgram } from "../step_program.ts";

/** A program of the classifier. */
export interface DensenetProgram extends StepProgram<"loss"> {
  /** Weights of the batch's labels [B, K, 1, 1]; written before each run. */
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

/** Logits and loss of a part of the batch; the labels' weights are those of the whole batch, so that the parts' losses add up. */
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

/** Rings of the batch's loss and logits, from those of its parts. */
function ringsOf(parts: readonly { logits: Tensor; loss: Tensor }[], step: Tensor, mixed?: MixedPrecision) {
  const loss = total(parts.map((part) => part.loss));
  const ring = new ScalarRing<"loss">({ loss, ...mixed?.scalars }, ringCapacity);
  const logits = new RowRing(parts.map((part) => part.logits));
  return { rings: { ring, logits }, records: [ring.record(step), ...logits.record(step)] };
}

export interface TrainingVariant {
  /**
   * Equal parts in which the batch goes through the model. Batch normalisation takes each part's own moments, so that the step
   * is not quite that of the whole batch.
   */
  accumulate?: number;
  /** See Densenet.forward. */
  copied?: boolean;
}

/** One training step: loss, gradients, Adam; the running statistics of batch normalisation move with it. */
export function trainingProgram(
  model: Densenet,
  optimizer: Adam,
  shape: BatchShape,
  { accumulate = 1, copied = false }: TrainingVariant = {},
): DensenetProgram {
  const inputs = inputsOf(model, shape);
  const { halves, mixed } = optimizer;
  const weights = model.set.parameters.map(({ tensor }) => tensor);
  const whole = microBatches(shape[0], accumulate, (range) => {
    const own = forward(model, inputs, range, "train", { copied, halves });
    return { gradients: gradients(own.loss, weights, mixed?.state.scale), own };
  });
  const { rings, records } = ringsOf(whole.parts, inputs.step, mixed);
  const { effect, arenas } = optimizer.update(inputs.step, whole.gradients);
  return { program: { effects: [...records, effect], arenas }, ...inputs, ...rings };
}

/** Loss and logits of a batch without any change to the model. */
export function evaluationProgram(model: Densenet, optimizer: Adam, shape: BatchShape): DensenetProgram {
  const inputs = inputsOf(model, shape);
  const { halves, arenas } = optimizer;
  const part = forward(model, inputs, { start: 0, count: shape[0] }, "evaluate", { halves });
  const { rings, records } = ringsOf([part], inputs.step);
  return { program: { effects: records, arenas }, ...inputs, ...rings };
}
