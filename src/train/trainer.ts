/** A model in training: its memory, optimizer and programs on one GPU. What a model adds is in a class of its own. */

import type { Batch } from "../data/loader.ts";
import { alone, type Group } from "../distributed/group.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../gpu/device.ts";
import type { DispatchTime, TimedSlot } from "../gpu/executor.ts";
import type { Memory } from "../gpu/memory.ts";
import type { Adam } from "../optim/adam.ts";
import type { Tuner } from "../tune/tuner.ts";
import type { TrainerOptions, Training } from "./open_training.ts";
import { addUpOverRanks } from "./rank_sums.ts";
import { ringCapacity } from "./scalar_ring.ts";
import { type LoadedProgram, loadProgram, type StepProgram } from "./step_program.ts";
import { type Timeline, untimed } from "./timeline.ts";
import type { TrainingState } from "./training_state.ts";

/** What an unfinished epoch has collected in addition to the sums of its losses, by name. */
export type EpochState = Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>;

/** What a trainer needs to continue a run. */
export interface ResumePoint {
  steps: number;
  learningRate: number;
  /** Training steps before which Adam's moments were zero. */
  momentsSince: number;
  weights: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  moments: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  epochState: EpochState;
  /** The checkpoint, for messages. */
  path: string;
}

/** Values to be written to a program's input. */
export type InputValues = readonly [Tensor, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>];

/**
 * Trains a model: uploads batches, submits training steps, reads losses. `Scalar` names what each step reports, `P` is
 * the model's program.
 */
export abstract class Trainer<
  Scalar extends string = string,
  P extends StepProgram<Scalar> = StepProgram<Scalar>,
> {
  readonly memory: Memory;
  /** The model's weights and the optimizer's state. */
  readonly state: TrainingState;
  /** Parts in which a batch goes through the model. */
  readonly accumulate: number;
  /** Chooses kernel variants. Undefined: the planner's defaults run. */
  readonly tuner?: Tuner;
  readonly timeline: Timeline;
  protected readonly training: LoadedProgram<P>;
  protected readonly optimizer: Adam;
  protected readonly group: Group;
  private readonly evaluations = new Map<number, Promise<LoadedProgram<P>>>();
  private rate: number;
  private stepCount = 0;
  /** Training steps before which Adam's moments were zero: its bias correction counts from there. */
  private momentsSince = 0;

  protected constructor(
    { memory, state, optimizer, step, accumulate }: Training<P>,
    { learningRate, tuner, timeline = untimed, group = alone }: TrainerOptions,
  ) {
    this.memory = memory;
    this.state = state;
    this.accumulate = accumulate;
    this.tuner = tuner;
    this.timeline = timeline;
    this.training = step;
    this.optimizer = optimizer;
    this.group = group;
    this.rate = learningRate;
  }

  get gpu(): Gpu {
    return this.memory.gpu;
  }

  /** Training steps so far. */
  get steps(): number {
    return this.stepCount;
  }

  get learningRate(): number {
    return this.rate;
  }

  /** Bytes that a training step takes on the GPU. */
  get plannedBytes(): number {
    return this.training.executor.plan.peakBytes;
  }

  /** Dispatches of a training step. */
  get plannedDispatches(): number {
    return this.training.executor.plan.dispatches.length;
  }

  /**
   * Uploads a batch and encodes its training step. The returned function submits it; call it before the next batch is
   * encoded. With several ranks it also waits for the other ranks' sums.
   */
  async encodeStep(batch: Batch): Promise<() => Promise<void>> {
    const { timeline, training: { executor }, group } = this;
    await this.upload(batch);
    const timed = timeline.slotOf(this.steps);
    if (group.size > 1) return async () => await this.submitInParts(timed);
    const submit = timeline.time("encoding", () => executor.encode(timed));
    return () => {
      timeline.submitting(this.steps);
      timeline.time("submitting", submit);
      this.stepCount++;
      return Promise.resolve();
    };
  }

  private async submitInParts(timed?: TimedSlot): Promise<void> {
    const { timeline, training: { executor } } = this;
    timeline.submitting(this.steps);
    executor.run(timed, "before reduction");
    await this.addUp();
    executor.run(timed, "after reduction");
    this.stepCount++;
  }

  /** Adds up over all ranks what a step's update is made from. */
  private async addUp(): Promise<void> {
    const { program: { program }, executor: { memory } } = this.training;
    await addUpOverRanks(this.group, memory, program.reduced!.map(({ tensor }) => tensor));
  }

  /**
   * Trains on a batch with a pass for each dispatch, and waits for the times of all.
   *
   * @throws {RangeError} if the adapter has no timestamps.
   */
  async trainTimed(batch: Batch): Promise<DispatchTime[]> {
    const { training: { executor }, group } = this;
    await this.upload(batch);
    const times = await executor.profile(group.size > 1 ? "before reduction" : undefined);
    if (!times) throw new RangeError("Cannot time dispatches without timestamps");
    if (group.size > 1) {
      await this.addUp();
      times.push(...(await executor.profile("after reduction"))!);
    }
    this.stepCount++;
    return times;
  }

  private async upload(batch: Batch): Promise<void> {
    const { program } = this.training;
    const count = this.steps + 1;
    const scalars = this.optimizer.stepScalars(count - this.momentsSince, this.learningRate);
    const inputs = await this.modelInputs(this.training, batch);
    this.timeline.time("uploading", () => {
      this.memory.write(program.images, batch.images);
      this.memory.write(program.step, Float32Array.of(...scalars, this.steps % ringCapacity, 0));
      for (const [tensor, values] of inputs) this.memory.write(tensor, values);
    });
  }

  /** Submits a batch of any size for evaluation only. At most ringCapacity batches may be unread. */
  async evaluate(batch: Batch): Promise<void> {
    const loaded = await this.evaluation(batch.count);
    this.memory.write(loaded.program.images, batch.images);
    this.memory.write(loaded.program.step, Float32Array.of(0, 0, loaded.unread, 0));
    for (const [tensor, values] of await this.modelInputs(loaded, batch)) this.memory.write(tensor, values);
    loaded.executor.run();
    loaded.unread++;
  }

  /** What the unfinished epoch has collected, for a checkpoint. */
  abstract epochState(): Promise<EpochState>;

  /**
   * Restores what {@linkcode epochState} gave.
   *
   * @throws {DataError} if the checkpoint at `path` lacks some of it.
   */
  protected abstract restoreEpochState(epochState: EpochState, path: string): void;

  /** The program that evaluates batches of `count` images. */
  protected abstract evaluationProgram(count: number): P;

  /** What a program reads in addition to the images and the step's scalars. */
  protected abstract modelInputs(loaded: LoadedProgram<P>, batch: Batch): Promise<readonly InputValues[]>;

  /**
   * Stages the losses of the last `count` training steps, oldest first; at most ringCapacity of them are kept. Reading
   * them blocks until the GPU has finished all submitted work.
   */
  async stageScalars(count: number): Promise<() => Promise<Record<Scalar, number>[]>> {
    const slots = Array.from({ length: count }, (_, index) => (this.steps - count + index) % ringCapacity);
    const staged = await this.memory.stage(this.ringsOf(this.training));
    return async () => this.pick(this.training, await staged.read(), slots);
  }

  /** Sums of the losses of all unread batches, each batch counted by its weight, and the sum of the weights. */
  async evaluationSums(): Promise<{ sums: Record<string, number>; weight: number }> {
    const sums: Record<string, number> = {};
    let total = 0;
    for (const pending of this.evaluations.values()) {
      const loaded = await pending;
      const slots = Array.from({ length: loaded.unread }, (_, index) => index);
      const weights = slots.map((slot) => this.weightOf(loaded, slot));
      const rings = await this.memory.read(this.ringsOf(loaded));
      for (const [index, scalars] of this.pick(loaded, rings, slots).entries()) {
        for (const [name, value] of Object.entries<number>(scalars)) {
          sums[name] = (sums[name] ?? 0) + value * weights[index]!;
        }
        total += weights[index]!;
      }
      loaded.unread = 0;
    }
    return { sums, weight: total };
  }

  /** The weight of an unread batch in the mean over all. Default: its number of images. */
  protected weightOf(loaded: LoadedProgram<P>, _slot: number): number {
    return loaded.count;
  }

  /** The rings in which a program leaves what the host reads of each run. */
  protected ringsOf({ program }: LoadedProgram<P>): Tensor[] {
    return [program.ring.tensor];
  }

  /** The scalars in the given slots of a program's rings; these are the oldest that have not been picked. */
  protected pick(
    { program }: LoadedProgram<P>,
    [scalars]: readonly ArrayLike<number>[],
    slots: readonly number[],
  ): Record<Scalar, number>[] {
    return program.ring.pick(scalars!, slots);
  }

  /**
   * Continues a run.
   *
   * @throws {DataError} if the state of its unfinished epoch is incomplete.
   */
  restore({ steps, learningRate, momentsSince, weights, moments, epochState, path }: ResumePoint): void {
    this.state.write(weights);
    this.state.write(moments);
    this.restoreEpochState(epochState, path);
    this.stepCount = steps;
    this.rate = learningRate;
    this.momentsSince = momentsSince;
  }

  /**
   * Starts Adam afresh at another learning rate: its moments are zero, and its bias correction counts from the next
   * step.
   */
  restartOptimizer(learningRate: number): void {
    this.state.clearMoments();
    this.momentsSince = this.steps;
    this.rate = learningRate;
  }

  async close(): Promise<void> {
    this.training.executor.destroy();
    for (const loaded of this.evaluations.values()) (await loaded).executor.destroy();
    this.memory.destroy();
  }

  private evaluation(count: number): Promise<LoadedProgram<P>> {
    let loaded = this.evaluations.get(count);
    if (!loaded) {
      loaded = loadProgram(this.evaluationProgram(count), this.memory, this.tuner);
      this.evaluations.set(count, loaded);
    }
    return loaded;
  }
}
