/** What every model in training has: its memory, optimizer and programs on one GPU, and its state as plain values. */

import type { Batch } from "../data/loader.ts";
import { elementCount } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Gpu, OutOfMemoryError } from "../gpu/device.ts";
import { type DispatchTime, Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import type { Parameter, ParameterSet } from "../nn/parameters.ts";
import type { Adam } from "../optim/adam.ts";
import { plan, TooLargeError } from "../plan/plan.ts";
import type { State } from "../trained/model_file.ts";
import type { Tuner } from "../tune/tuner.ts";
import { partCounts } from "./micro_batches.ts";
import { ringCapacity } from "./scalar_ring.ts";
import type { BatchShape, LoadedProgram, StepProgram } from "./step_program.ts";
import { type Timeline, untimed } from "./timeline.ts";

/** What an unfinished epoch has epochState beside the sums of its losses, by name. */
export type EpochState = Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>;

/** What the training step is built for. */
export interface BeginOptions {
  shape: BatchShape;
  /** Parts in which a batch goes through the model. */
  accumulate?: number;
  seed: number;
}

/** A tensor of the state, with its shape in files. */
type Entry = Pick<Parameter, "key" | "shape" | "tensor">;

export abstract class Trainer<
  Scalar extends string = string,
  P extends StepProgram<Scalar> = StepProgram<Scalar>,
> {
  readonly memory: Memory;
  protected training!: LoadedProgram<P>;
  private readonly evaluations = new Map<string, Promise<LoadedProgram<P>>>();
  /** Parts in which a batch goes through the model. */
  accumulate = 1;
  /** Where the time of training steps is noted. */
  timeline: Timeline = untimed;
  /** Training steps so far. */
  steps = 0;
  /** Training steps before which Adam's moments were zero: its bias correction counts from there. */
  momentsSince = 0;

  protected constructor(
    readonly gpu: Gpu,
    private readonly set: ParameterSet,
    protected readonly optimizer: Adam,
    public learningRate: number,
    /** Settles which kernels run; without it the first guesses do. */
    readonly tuner?: Tuner,
  ) {
    this.memory = new Memory(gpu);
  }

  /**
   * Plans and compiles the training step, in so many parts (as few as the adapter can hold where it is left open); the weights
   * are those of `seed` until others are loaded.
   */
  protected async begin(
    programOf: (accumulate: number) => P,
    { shape: [images], accumulate, seed }: BeginOptions,
  ): Promise<void> {
    const counts = accumulate === undefined ? partCounts(images) : [accumulate];
    for (const parts of counts) {
      try {
        this.training = await this.load(programOf(parts));
        this.accumulate = parts;
        break;
      } catch (error) {
        const isTooLarge = error instanceof TooLargeError || error instanceof OutOfMemoryError;
        if (!isTooLarge || parts === counts.at(-1)) throw error;
      }
    }
    const values = this.set.initialValues(seed);
    for (const { key, tensor } of this.set.all) this.memory.write(tensor, values.get(key)!);
  }

  /** Bytes that a training step takes on the GPU. */
  get plannedBytes(): number {
    return this.training.executor.plan.peakBytes;
  }

  /** Dispatches of a training step. */
  get plannedDispatches(): number {
    return this.training.executor.plan.dispatches.length;
  }

  /** Uploads a batch and encodes its training step; calling what comes back submits it, before anything else is prepared. */
  prepare(batch: Batch): () => void {
    const { timeline, training: { executor } } = this;
    this.upload(batch);
    const timed = timeline.slotOf(this.steps);
    const submit = timeline.time("encoding", () => executor.encode(timed));
    return () => {
      timeline.submitting(this.steps);
      timeline.time("submitting", submit);
      this.steps++;
    };
  }

  /** The same step with a pass for each dispatch, waited for. The adapter must have timestamps. */
  async trainTimed(batch: Batch): Promise<DispatchTime[]> {
    this.upload(batch);
    const times = await this.training.executor.profile();
    if (!times) throw new RangeError("Cannot time dispatches without timestamps");
    this.steps++;
    return times;
  }

  private upload(batch: Batch): void {
    const { program } = this.training;
    const count = this.steps + 1;
    const scalars = this.optimizer.stepScalars(count - this.momentsSince, this.learningRate);
    this.timeline.time("uploading", () => {
      this.memory.write(program.images, batch.images);
      this.memory.write(program.step, Float32Array.of(...scalars, this.steps % ringCapacity, 0));
      this.writeModelInputs(this.training, batch);
    });
  }

  /** Submits a batch of any size and learns nothing from it. At most ringCapacity may be unread. */
  async evaluate(batch: Batch): Promise<void> {
    const loaded = await this.evaluation(batch.count);
    this.memory.write(loaded.program.images, batch.images);
    this.memory.write(loaded.program.step, Float32Array.of(0, 0, loaded.unread, 0));
    this.writeModelInputs(loaded, batch);
    loaded.executor.run();
    loaded.unread++;
  }

  /** What the unfinished epoch has epochState, for its checkpoint. */
  abstract epochState(): Promise<EpochState>;

  /** Goes on with what the checkpoint at `path` had epochState. Throws a DataError where something is missing. */
  abstract restoreEpochState(epochState: EpochState, path: string): void;

  /** The program that evaluates batches of `count` images; `variant` names what it gives beside the losses. */
  protected abstract evaluationProgram(count: number, variant: string): P;

  /** Writes what a program reads beside the images and the step's numbers. */
  protected abstract writeModelInputs(loaded: LoadedProgram<P>, batch: Batch): void;

  /**
   * Stages the losses of the last `count` training steps, oldest first; at most ringCapacity of them are kept. Reading them
   * blocks until the GPU has done all that was submitted.
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

  /** How much an unread batch counts in the mean over all: as much as it has images, unless a model says otherwise. */
  protected weightOf(loaded: LoadedProgram<P>, _slot: number): number {
    return loaded.count;
  }

  /** What a program leaves for each of its runs. */
  protected ringsOf({ program }: LoadedProgram<P>): Tensor[] {
    return [program.ring.tensor];
  }

  /** The scalars in the given slots of a program's rings, which are the oldest that nobody has picked. */
  protected pick(
    { program }: LoadedProgram<P>,
    [scalars]: readonly ArrayLike<number>[],
    slots: readonly number[],
  ): Record<Scalar, number>[] {
    return program.ring.pick(scalars!, slots);
  }

  /** Weights and buffers by PyTorch's keys. */
  async weights(): Promise<State> {
    return await this.read(this.set.all);
  }

  /** Adam's moments, under the parameters' keys with `.exp_avg` and `.exp_avg_sq` behind them, and the state of the loss's scale. */
  async moments(): Promise<State> {
    return await this.read(this.momentTensors);
  }

  /** Replaces weights or moments; keys that are not given stay as they are. */
  write(state: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void {
    for (const { key, tensor } of [...this.set.all, ...this.momentTensors]) {
      const values = state.get(key);
      if (values) this.memory.write(tensor, values);
    }
  }

  /** Adam begins anew: its moments are zero, and its bias correction counts from the next step. */
  restartMoments(): void {
    for (const tensor of this.optimizer.running) {
      this.memory.write(tensor, new Float32Array(elementCount(tensor.shape)));
    }
    this.momentsSince = this.steps;
  }

  /** The shapes of all weights and buffers by key. */
  get shapes(): Map<string, readonly number[]> {
    return shapesOf(this.set.all);
  }

  /** The shapes of Adam's moments by key. */
  get momentShapes(): Map<string, readonly number[]> {
    return shapesOf(this.momentTensors);
  }

  async close(): Promise<void> {
    this.training.executor.destroy();
    for (const loaded of this.evaluations.values()) (await loaded).executor.destroy();
    this.memory.destroy();
  }

  protected evaluation(count: number, variant = ""): Promise<LoadedProgram<P>> {
    const key = `${count} ${variant}`;
    let loaded = this.evaluations.get(key);
    if (!loaded) {
      loaded = this.load(this.evaluationProgram(count, variant));
      this.evaluations.set(key, loaded);
    }
    return loaded;
  }

  private async load(program: P): Promise<LoadedProgram<P>> {
    const { gpu: { target }, tuner } = this;
    let planned = plan(program.program, target);
    // What does not fit is not tuned.
    if (await tuner?.prepare(program.program)) planned = plan(program.program, target);
    const executor = await Executor.load(planned, this.memory);
    return { executor, program, count: program.images.shape[0]!, unread: 0 };
  }

  private get momentTensors(): Entry[] {
    const { firstMoments, secondMoments, mixed } = this.optimizer;
    const moments = [firstMoments, secondMoments].flatMap(({ members }) =>
      members.map((tensor, index) => {
        const { shape } = this.set.parameters[index]!;
        return { key: tensor.label, shape, tensor };
      })
    );
    const scaling = mixed?.tensors ?? [];
    return [...moments, ...scaling.map((tensor) => ({ key: tensor.label, shape: tensor.shape, tensor }))];
  }

  private async read(entries: readonly Entry[]): Promise<State> {
    const values = await this.memory.read(entries.map(({ tensor }) => tensor));
    return new Map(
      entries.map(({ key, shape }, index) => [
        key,
        { shape: [...shape], data: values[index] as Float32Array<ArrayBuffer> },
      ]),
    );
  }
}

function shapesOf(entries: readonly Entry[]): Map<string, readonly number[]> {
  return new Map(entries.map(({ key, shape }) => [key, shape]));
}
