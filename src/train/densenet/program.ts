/** The classifier's two programs, training and evaluation, each a graph for one batch size and its inputs. */

import { floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Densenet, Mode } from "../../models/densenet/model.ts";
import { channelsLast } from "../../ops/channels.ts";
import { gradients } from "../../ops/gradient.ts";
import { logisticLoss } from "../../ops/logistic_loss.ts";
import { variable } from "../../ops/variable.ts";
import { type Adam, stepInput } from "../../optim/adam.ts";
import { RowRing } from "../row_ring.ts";
import { ringCapacity, ScalarRing } from "../scalar_ring.ts";
import type { BatchShape, StepProgram } from "../trainer.ts";

/** A program of the classifier. */
export interface DensenetProgram extends StepProgram<"loss"> {
  /** Weights of the batch's labels [B, K, 1, 1]; written before each run. */
  positive: Tensor;
  negative: Tensor;
  /** Logits [B, K, 1, 1] of the last steps. */
  logits: RowRing;
}

function begin(model: Densenet, shape: BatchShape, mode: Mode, copied = false) {
  const images = variable(floatType(shape), "images");
  const step = stepInput();
  const logits = model.forward(channelsLast(images), mode, copied);
  const [positive, negative] = [variable(logits.type, "positive"), variable(logits.type, "negative")];
  const loss = logisticLoss(logits, positive, negative);
  const ring = new ScalarRing({ loss }, ringCapacity);
  const rows = new RowRing(logits);
  const records = [ring.record(step), rows.record(step)];
  return { loss, records, parts: { images, step, positive, negative, ring, logits: rows } };
}

/**
 * One training step: loss, gradients, Adam; the running statistics of batch normalisation move with it. `copied` is what
 * Densenet.forward says.
 */
export function trainingProgram(
  model: Densenet,
  optimizer: Adam,
  shape: BatchShape,
  copied = false,
): DensenetProgram {
  const { loss, records, parts } = begin(model, shape, "train", copied);
  const weights = model.set.parameters.map(({ tensor }) => tensor);
  const { effect, arenas } = optimizer.update(parts.step, gradients(loss, weights));
  return { program: { effects: [...records, effect], arenas }, ...parts };
}

/** Loss and logits of a batch without any change to the model. */
export function evaluationProgram(model: Densenet, optimizer: Adam, shape: BatchShape): DensenetProgram {
  const { records, parts } = begin(model, shape, "evaluate");
  return { program: { effects: records, arenas: [optimizer.parameters] }, ...parts };
}
