/** Trains a classifier on one GPU. */

import type { Batch } from "../../data/loader.ts";
import { DataError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { DensenetConfiguration } from "../../models/densenet/configuration.ts";
import { Densenet } from "../../models/densenet/model.ts";
import { Adam, defaultAdam } from "../../optim/adam.ts";
import type { Phase } from "../metrics_log.ts";
import { openTraining, type TrainerOptions, type Training } from "../open_training.ts";
import type { LoadedProgram } from "../step_program.ts";
import { type EpochState, type InputValues, Trainer } from "../trainer.ts";
import { countKnown, labelWeights } from "./labels.ts";
import { type DensenetProgram, evaluationProgram, trainingProgram } from "./program.ts";
import { Scores } from "./scores.ts";

export interface DensenetTrainerOptions extends TrainerOptions {
  configuration: DensenetConfiguration;
  /** The weight of each class's positive labels. */
  positiveWeights: readonly number[];
  /** Adam's decays of the moments, and its L2 regularisation. */
  beta1: number;
  beta2: number;
  weightDecay: number;
}

/** The labels of a submitted batch. */
interface Submitted {
  labels: Float32Array<ArrayBuffer>;
  known: number;
}

/** Adds a classifier's labels and scores to a trainer. */
export class DensenetTrainer extends Trainer<"loss", DensenetProgram> {
  /** The scores of the current epoch's images. */
  readonly scores: Readonly<Record<Phase, Scores>>;
  /** The batches of each program whose logits have not been read, oldest first. */
  private readonly submitted = new Map<DensenetProgram, Submitted[]>();

  private constructor(
    training: Training<DensenetProgram>,
    private readonly model: Densenet,
    private readonly options: DensenetTrainerOptions,
  ) {
    super(training, options);
    const { n_classes } = options.configuration;
    this.scores = { train: new Scores(n_classes), valid: new Scores(n_classes) };
  }

  /**
   * Plans and compiles the training step of a classifier, with the weights of `options.seed`.
   *
   * @throws {UsageError} if the parts of the configuration do not fit together.
   * @throws {TooLargeError} if a value of the step is larger than the adapter binds.
   * @throws {OutOfMemoryError} if the step does not fit into the GPU's memory.
   */
  static async open(gpu: Gpu, options: DensenetTrainerOptions): Promise<DensenetTrainer> {
    const { configuration, shape, beta1, beta2, weightDecay, precision, group } = options;
    const model = new Densenet(configuration);
    const attributes = { ...defaultAdam, beta1, beta2, weightDecay };
    const optimizer = new Adam(model.set.parameters, attributes, precision);
    const programOf = (accumulate: number) => trainingProgram(model, optimizer, shape, { accumulate, group });
    const training = await openTraining(gpu, { set: model.set, optimizer }, programOf, options);
    return new DensenetTrainer(training, model, options);
  }

  protected override evaluationProgram(count: number): DensenetProgram {
    const [, channels, height, width] = this.options.shape;
    return evaluationProgram(this.model, this.optimizer, [count, channels, height, width]);
  }

  protected override async modelInputs(
    { program }: LoadedProgram<DensenetProgram>,
    { labels }: Batch,
  ): Promise<InputValues[]> {
    const known = Float32Array.of(countKnown(labels!));
    this.queueOf(program).push({ labels: labels!, known: known[0]! });
    // A training step's loss is the mean over the known labels of all ranks.
    if (program === this.training.program) await this.group.allReduce(known);
    const { positive, negative } = labelWeights(labels!, this.options.positiveWeights, known[0]);
    return [[program.positive, positive], [program.negative, negative]];
  }

  /** The number of known labels. */
  protected override weightOf({ program }: LoadedProgram<DensenetProgram>, slot: number): number {
    return this.queueOf(program)[slot]!.known;
  }

  protected override ringsOf({ program }: LoadedProgram<DensenetProgram>): Tensor[] {
    return [program.ring.tensor, program.logits.tensor];
  }

  /** Also keeps the scores: losses and logits are read together. */
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

  /**
   * Each class's area under the curve over the phase's images, see {@linkcode Scores.auroc}; clears the phase's scores.
   */
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

  protected override restoreEpochState(epochState: EpochState, path: string): void {
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
