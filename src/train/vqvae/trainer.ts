/** A codec in training. */

import { DataError } from "../../errors.ts";
import { type FloatType, floatType } from "../../graph/layout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../gpu/device.ts";
import { Executor } from "../../gpu/executor.ts";
import type { VqvaeConfiguration } from "../../models/vqvae/configuration.ts";
import { Vqvae } from "../../models/vqvae/model.ts";
import { channelsLast } from "../../ops/channels.ts";
import { variable } from "../../ops/variable.ts";
import { Adam, defaultAdam } from "../../optim/adam.ts";
import { plan } from "../../plan/plan.ts";
import { joinKeys, keyOf } from "../../random.ts";
import type { Tuner } from "../../tune/tuner.ts";
import { choosePositions, samplesPerCode, startAtCentres } from "../kmeans.ts";
import type { BatchShape, LoadedProgram } from "../step_program.ts";
import { type EpochState, Trainer } from "../trainer.ts";
import { evaluationProgram, trainingProgram, type VqvaeProgram, type VqvaeScalar } from "./program.ts";

/** The variant of the evaluation that also gives reconstructions. */
const withPictures = "with pictures";

/** How often each code was chosen. */
export interface CodeUsage {
  top: Uint32Array<ArrayBuffer>;
  bottom: Uint32Array<ArrayBuffer>;
}

export interface TrainerOptions {
  configuration: VqvaeConfiguration;
  /** [B, C, H, W] of a training batch. */
  shape: BatchShape;
  learningRate: number;
  seed: number;
  /** Codes whose smoothed count is smaller are restarted. */
  restartDeadCodes?: number;
  /** Parts in which a batch goes through the model; as few as fit where it is missing. */
  accumulate?: number;
  /** Of the values between layers and their gradients; float32 where it is missing. */
  precision?: FloatType;
  tuner?: Tuner;
}

export class VqvaeTrainer extends Trainer<VqvaeScalar, VqvaeProgram> {
  private constructor(gpu: Gpu, readonly model: Vqvae, private readonly options: TrainerOptions) {
    const optimizer = new Adam(model.set.parameters, defaultAdam, options.precision);
    super(gpu, model.set, optimizer, options.learningRate, options.tuner);
  }

  /** Builds, plans and compiles the training step; the weights are those of `seed` until others are loaded. */
  static async open(gpu: Gpu, options: TrainerOptions): Promise<VqvaeTrainer> {
    const trainer = new VqvaeTrainer(gpu, new Vqvae(options.configuration), options);
    const { model, optimizer } = trainer;
    const { shape, restartDeadCodes: restart } = options;
    const programOf = (accumulate: number) =>
      trainingProgram(model, optimizer, shape, { restart, accumulate });
    await trainer.begin(programOf, options);
    return trainer;
  }

  protected override evaluationProgram(count: number, variant: string): VqvaeProgram {
    const [, channels, height, width] = this.options.shape;
    const shape = [count, channels, height, width] as const;
    return evaluationProgram(this.model, this.optimizer, shape, variant === withPictures);
  }

  protected override writeModelInputs({ program }: LoadedProgram<VqvaeProgram>): void {
    const { seed, restartDeadCodes } = this.options;
    if (program !== this.training.program || restartDeadCodes === undefined) return;
    const key = joinKeys(joinKeys(seed, keyOf("restart")), this.steps);
    this.memory.write(program.key, Uint32Array.of(key, 0, 0, 0));
  }

  /** Reconstructions of a batch, and what the decoder makes of the top codes alone; [B, C, H, W] each. */
  async reconstruct(
    images: Float32Array<ArrayBuffer>,
    count: number,
  ): Promise<{ whole: Float32Array<ArrayBuffer>; topOnly: Float32Array<ArrayBuffer> }> {
    const usage = await this.memory.read(this.counters);
    const { executor, program } = await this.evaluation(count, withPictures);
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
    const { top, bottom } = this.model.forward(channelsLast(images), this.optimizer.halves);
    const levels = [[top, this.model.quantizeTop], [bottom, this.model.quantizeBottom]] as const;
    for (const [index, [{ input }, quantizer]] of levels.entries()) {
      const program = { results: [input], arenas: this.optimizer.arenas };
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

  /** The counters of codes, which an unfinished epoch goes on with. */
  override async epochState(): Promise<EpochState> {
    const { top, bottom } = await this.usage();
    return new Map([["usage_t", top], ["usage_b", bottom]]);
  }

  override restoreEpochState(epochState: EpochState, path: string): void {
    for (const [index, name] of ["usage_t", "usage_b"].entries()) {
      const counts = epochState.get(name);
      if (!counts) throw new DataError(`${path}: the optimizer's state beside it lacks the codes' counters`);
      this.memory.write(this.counters[index]!, counts);
    }
  }

  private async usage(): Promise<CodeUsage> {
    const [top, bottom] = await this.memory.read(this.counters) as [
      Uint32Array<ArrayBuffer>,
      Uint32Array<ArrayBuffer>,
    ];
    return { top, bottom };
  }

  private get counters(): Tensor[] {
    return [this.model.quantizeTop.usage, this.model.quantizeBottom.usage];
  }
}
