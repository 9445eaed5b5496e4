/** A classifier in training. */

import type { Batch } from "../../data/loader.ts";
import { DataError } from "../../errors.ts";
import type { FloatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { DensenetConfiguration } from "../../models/densenet/configuration.ts";
import { Densenet } from "../../models/densenet/model.ts";
import { Adam, defaultAdam } from "../../optim/adam.ts";
import type { Tuner } from "../../tune/tuner.ts";
import type { Phase } from "../metrics_log.ts";
import type { BatchShape, LoadedProgram } from "../step_program.ts";
import { type EpochState, Trainer } from "../trainer.ts";
import { labelWeights } from "./labels.ts";
import { type DensenetProgram, evaluationProgram, trainingProgram } from "./program.ts";
import { Scores } from "./scores.ts";

export interface DensenetTrainerOptions {
  configuration: DensenetConfiguration;
  /** [B, C, H, W] of a training batch. */
  shape: BatchShape;
  /** The weight of each class's positive labels. */
  positiveWeights: readonly number[];
  learningRate: number;
  beta1: number;
  beta2: number;
  weightDecay: number;
  seed: number;
  /** Parts in which a batch goes through the model; as few as fit where it is missing. */
  accumulate?: number;
  /** Of the values between layers and their gradients; float32 where it is missing. */
  precision?: FloatType;
  tuner?: Tuner;
}

/** The labels of a batch that was submitted. */
interface Submitted {
  labels: Float32Array<ArrayBuffer>;
  known: number;
}

export class DensenetTrainer extends Trainer<"loss", DensenetProgram> {
  /** What the images of the current epoch have scored. */
  readonly scores: Readonly<Record<Phase, Scores>>;
  /** The batches of each program whose logits nobody has read, oldest first. */
  private readonly submitted = new Map<DensenetProgram, Submitted[]>();

  private constructor(
    gpu: Gpu,
    private readonly model: Densenet,
    private readonly options: DensenetTrainerOptions,
  ) {
    const { beta1, beta2, weightDecay, learningRate, configuration, precision } = options;
    const attributes = { ...defaultAdam, beta1, beta2, weightDecay };
    const optimizer = new Adam(model.set.parameters, attributes, precision);
    super(gpu, model.set, optimizer, learningRate, options.tuner);
    const { n_classes } = configuration;
    this.scores = { train: new Scores(n_classes), valid: new Scores(n_classes) };
  }

  /** Builds, plans and compiles the training step; the weights are those of `seed` until others are loaded. */
  static async open(gpu: Gpu, options: DensenetTrainerOptions): Promise<DensenetTrainer> {
    const trainer = new DensenetTrainer(gpu, new Densenet(options.configuration), options);
    const { model, optimizer } = trainer;
    const programOf = (accumulate: number) =>
      trainingProgram(model, optimizer, options.shape, { accumulate });
    await trainer.begin(programOf, options);
    return trainer;
  }

  protected override evaluationProgram(count: number): DensenetProgram {
    const [, channels, height, width] = this.options.shape;
    return evaluationProgram(this.model, this.optimizer, [count, channels, height, width]);
  }

  protected override writeModelInputs({ program }: LoadedProgram<DensenetProgram>, { labels }: Batch): void {
    const { positive, negative, known } = labelWeights(labels!, this.options.positiveWeights);
    this.memory.write(program.positive, positive);
    this.memory.write(program.negative, negative);
    this.queueOf(program).push({ labels: labels!, known });
  }

  /** As many labels as are known. */
  protected override weightOf({ program }: LoadedProgram<DensenetProgram>, slot: number): number {
    return this.queueOf(program)[slot]!.known;
  }

  protected override ringsOf({ program }: LoadedProgram<DensenetProgram>): Tensor[] {
    return [program.ring.tensor, program.logits.tensor];
  }

  /** Keeps the scores, too: losses and logits come in one reading. */
  protected override pick(
    { program }: LoadedProgram<DensenetProgram>,
    [losses, rows]: readonly ArrayLike<number>[],
    slots: readonly number[],
  ) {
    const phase = program === this.training.program ? "train" : "valid";
    const batches = this.queueOf(program).splice(0, slots.length);
    batches.forEach(({ labels }, index) =>
      this.scores[phase].add(
        program.logits.pick(rows as Float32Array<ArrayBuffer>, slots[index]!),
        labels,
      )
    );
    return program.ring.pick(losses!, slots);
  }

  /** Each class's area under the curve over the phase's images, which are then forgotten. */
  takeAuroc(phase: Phase): (number | null)[] {
    const values = this.scores[phase].auroc();
    this.scores[phase].clear();
    return values;
  }

  /** The scores of the unfinished epoch's training images. */
  override epochState(): Promise<EpochState> {
    const { scores, labels } = this.scores.train.all();
    return Promise.resolve(new Map([["scores", scores], ["labels", labels]]));
  }

  override restoreEpochState(epochState: EpochState, path: string): void {
    const [scores, labels] = [epochState.get("scores"), epochState.get("labels")];
    if (!(scores instanceof Float32Array && labels instanceof Float32Array)) {
      throw new DataError(`${path}: the optimizer's state beside it lacks the images' scores`);
    }
    this.scores.train.clear();
    this.scores.train.add(scores, labels);
  }

  private queueOf(program: DensenetProgram): Submitted[] {
    const queue = this.submitted.get(program) ?? [];
    this.submitted.set(program, queue);
    return queue;
  }
}
