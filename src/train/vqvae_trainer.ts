/** A codec in training: its model, optimizer and programs on one GPU, and its state as plain values. */

import { floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../gpu/device.ts";
import { Executor } from "../gpu/executor.ts";
import { Memory } from "../gpu/memory.ts";
import type { VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import { channelsLast } from "../ops/channels.ts";
import { variable } from "../ops/variable.ts";
import { Adam } from "../optim/adam.ts";
import { plan } from "../plan/plan.ts";
import { joinKeys, keyOf } from "../random.ts";
import { choosePositions, samplesPerCode, startAtCentres } from "./kmeans.ts";
import {
  type BatchShape,
  evaluationProgram,
  ringCapacity,
  trainingProgram,
  type VqvaeProgram,
  type VqvaeScalar,
} from "./vqvae_program.ts";

/** What one step or batch measured. */
export type VqvaeScalars = Record<VqvaeScalar, number>;

/** How often each code was chosen. */
export interface CodeUsage {
  top: Uint32Array<ArrayBuffer>;
  bottom: Uint32Array<ArrayBuffer>;
}

/** Tensors by key, row-major. */
export type State = Map<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>;

interface LoadedProgram {
  executor: Executor;
  program: VqvaeProgram;
  /** Images in a batch. */
  count: number;
  /** Runs whose losses nobody has read. */
  unread: number;
}

export interface TrainerOptions {
  configuration: VqvaeConfiguration;
  /** [B, C, H, W] of a training batch. */
  shape: BatchShape;
  learningRate: number;
  seed: number;
  /** Codes whose smoothed count is smaller are restarted. */
  restartDeadCodes?: number;
}

export class VqvaeTrainer {
  readonly model: Vqvae;
  readonly memory: Memory;
  private readonly optimizer: Adam;
  private readonly evaluations = new Map<string, Promise<LoadedProgram>>();
  private training!: LoadedProgram;
  /** Training steps so far. */
  steps = 0;

  private constructor(readonly gpu: Gpu, readonly options: TrainerOptions) {
    this.model = new Vqvae(options.configuration);
    this.optimizer = new Adam(this.model.set.parameters);
    this.memory = new Memory(gpu);
  }

  /** Builds, plans and compiles the training step; the weights are those of `seed` until others are loaded. */
  static async open(gpu: Gpu, options: TrainerOptions): Promise<VqvaeTrainer> {
    const trainer = new VqvaeTrainer(gpu, options);
    const program = trainingProgram(
      trainer.model,
      trainer.optimizer,
      options.shape,
      options.restartDeadCodes,
    );
    trainer.training = await trainer.load(program);
    for (const [key, values] of trainer.model.set.initialValues(options.seed)) {
      trainer.memory.write(trainer.tensorOf(key), values);
    }
    return trainer;
  }

  /** Bytes that a training step takes on the GPU. */
  get plannedBytes(): number {
    return this.training.executor.plan.peakBytes;
  }

  /** Submits one training step on images [B, C, H, W]; its losses are read later. */
  train(images: Float32Array<ArrayBuffer>): void {
    const { executor, program } = this.training;
    const { learningRate, seed } = this.options;
    const count = this.steps + 1;
    this.memory.write(program.images, images);
    this.memory.write(
      program.step,
      Float32Array.of(...this.optimizer.stepScalars(count, learningRate), this.steps % ringCapacity, 0),
    );
    if (this.options.restartDeadCodes !== undefined) {
      this.memory.write(
        program.key,
        Uint32Array.of(joinKeys(joinKeys(seed, keyOf("restart")), this.steps), 0, 0, 0),
      );
    }
    executor.run();
    this.steps = count;
  }

  /** The losses of the last `count` training steps, oldest first; at most ringCapacity of them are kept. */
  async trainingScalars(count: number): Promise<VqvaeScalars[]> {
    const numbers = Array.from({ length: count }, (_, index) => this.steps - count + index);
    return await this.training.program.ring.read(this.memory, numbers);
  }

  /** Submits a batch of any size; nothing changes but the counters of codes. At most ringCapacity may be unread. */
  async evaluate(images: Float32Array<ArrayBuffer>, count: number): Promise<void> {
    const loaded = await this.evaluation(count, false);
    this.memory.write(loaded.program.images, images);
    this.memory.write(loaded.program.step, Float32Array.of(0, 0, loaded.unread, 0));
    loaded.executor.run();
    loaded.unread++;
  }

  /** Sums of the losses of all unread batches, each batch counted as often as it has images. */
  async evaluationSums(): Promise<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const pending of this.evaluations.values()) {
      const { program, unread, count } = await pending;
      const slots = Array.from({ length: unread }, (_, index) => index);
      for (const scalars of await program.ring.read(this.memory, slots)) {
        for (const [name, value] of Object.entries(scalars)) sums[name] = (sums[name] ?? 0) + value * count;
      }
      (await pending).unread = 0;
    }
    return sums;
  }

  /** Reconstructions of a batch, and what the decoder makes of the top codes alone; [B, C, H, W] each. */
  async reconstruct(
    images: Float32Array<ArrayBuffer>,
    count: number,
  ): Promise<{ whole: Float32Array<ArrayBuffer>; topOnly: Float32Array<ArrayBuffer> }> {
    const usage = await this.memory.read(this.counters);
    const { executor, program } = await this.evaluation(count, true);
    this.memory.write(program.images, images);
    executor.run();
    const [whole, topOnly] = await executor.read(program.program.results!);
    // Pictures are no part of an epoch's statistics.
    this.counters.forEach((counter, index) => this.memory.write(counter, usage[index]!));
    return { whole: whole as Float32Array<ArrayBuffer>, topOnly: topOnly as Float32Array<ArrayBuffer> };
  }

  /**
   * Starts both codebooks at k-means centres of the encoders' outputs for the given batches, the top one first, since the
   * bottom encoder's output depends on it.
   */
  async startCodebooks(batches: readonly Float32Array<ArrayBuffer>[]): Promise<void> {
    const { shape, seed } = this.options;
    const images = variable(floatType(shape), "images");
    const { top, bottom } = this.model.forward(channelsLast(images));
    const levels = [[top, this.model.quantizeTop], [bottom, this.model.quantizeBottom]] as const;
    for (const [index, [{ input }, quantizer]] of levels.entries()) {
      const program = { results: [input], arenas: [this.optimizer.parameters] };
      const executor = await Executor.load(plan(program, this.gpu.target), this.memory);
      const outputs: Float32Array[] = [];
      for (const batch of batches) {
        this.memory.write(images, batch);
        executor.run();
        outputs.push((await executor.read([input]))[0] as Float32Array<ArrayBuffer>);
      }
      executor.destroy();
      const [count, , height, width] = input.shape as BatchShape;
      const key = joinKeys(joinKeys(seed, keyOf("k-means")), index);
      const samples = choosePositions(
        outputs,
        input.shape,
        samplesPerCode * this.options.configuration.n_embed,
        key,
      );
      await startAtCentres(this.memory, quantizer, samples, count * height * width, key);
    }
    this.memory.forget([images]);
  }

  /** Reads how often each code was chosen since the last call, and clears the counters. */
  async takeUsage(): Promise<CodeUsage> {
    const usage = await this.usage();
    for (const counter of this.counters) this.memory.write(counter, new Uint32Array(counter.shape[0]!));
    return usage;
  }

  async usage(): Promise<CodeUsage> {
    const [top, bottom] = await this.memory.read(this.counters) as [
      Uint32Array<ArrayBuffer>,
      Uint32Array<ArrayBuffer>,
    ];
    return { top, bottom };
  }

  setUsage({ top, bottom }: CodeUsage): void {
    [top, bottom].forEach((values, index) => this.memory.write(this.counters[index]!, values));
  }

  /** Weights and codebooks by PyTorch's keys. */
  async weights(): Promise<State> {
    return await this.read(this.model.set.all);
  }

  /** Adam's moments, under the parameters' keys with `.exp_avg` and `.exp_avg_sq` behind them. */
  async moments(): Promise<State> {
    return await this.read(this.momentTensors);
  }

  /** Replaces weights or moments; keys that are not given stay as they are. */
  write(state: ReadonlyMap<string, Float32Array<ArrayBuffer>>): void {
    const tensors = [...this.model.set.all, ...this.momentTensors];
    for (const { key, tensor } of tensors) {
      const values = state.get(key);
      if (values) this.memory.write(tensor, values);
    }
  }

  /** The shapes of all weights and codebooks by key. */
  get shapes(): Map<string, readonly number[]> {
    return new Map(this.model.set.all.map(({ key, tensor }) => [key, tensor.shape]));
  }

  /** The shapes of Adam's moments by key. */
  get momentShapes(): Map<string, readonly number[]> {
    return new Map(this.momentTensors.map(({ key, tensor }) => [key, tensor.shape]));
  }

  async close(): Promise<void> {
    this.training.executor.destroy();
    for (const loaded of this.evaluations.values()) (await loaded).executor.destroy();
    this.memory.destroy();
  }

  private get counters(): Tensor[] {
    return [this.model.quantizeTop.usage, this.model.quantizeBottom.usage];
  }

  private get momentTensors(): { key: string; tensor: Tensor }[] {
    const { firstMoments, secondMoments } = this.optimizer;
    return [...firstMoments.members, ...secondMoments.members].map((tensor) => ({
      key: tensor.label,
      tensor,
    }));
  }

  private tensorOf(key: string): Tensor {
    return this.model.set.all.find((each) => each.key === key)!.tensor;
  }

  private async read(entries: readonly { key: string; tensor: Tensor }[]): Promise<State> {
    const values = await this.memory.read(entries.map(({ tensor }) => tensor));
    return new Map(
      entries.map((
        { key, tensor },
        index,
      ) => [key, { shape: [...tensor.shape], data: values[index] as Float32Array<ArrayBuffer> }]),
    );
  }

  private evaluation(count: number, withImages: boolean): Promise<LoadedProgram> {
    const key = `${count} ${withImages}`;
    let loaded = this.evaluations.get(key);
    if (!loaded) {
      const [, channels, height, width] = this.options.shape;
      loaded = this.load(
        evaluationProgram(this.model, this.optimizer, [count, channels, height, width], withImages),
      );
      this.evaluations.set(key, loaded);
    }
    return loaded;
  }

  private async load(program: VqvaeProgram): Promise<LoadedProgram> {
    const executor = await Executor.load(plan(program.program, this.gpu.target), this.memory);
    return { executor, program, count: program.images.shape[0]!, unread: 0 };
  }
}
