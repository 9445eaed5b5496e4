/** Trains a codec on one GPU. */

import { DataError } from "../../errors.ts";
import { floatType } from "../../graph/layout.ts";
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
import { choosePositions, samplesPerCode, startAtCentres } from "../kmeans.ts";
import { openTraining, type TrainerOptions, type Training } from "../open_training.ts";
import { takeFromFirstRank } from "../rank_sums.ts";
import { type BatchShape, type LoadedProgram, loadProgram } from "../step_program.ts";
import { type EpochState, type InputValues, Trainer } from "../trainer.ts";
import {
  evaluationProgram,
  type PictureProgram,
  pictureProgram,
  trainingProgram,
  type VqvaeProgram,
  type VqvaeScalar,
} from "./program.ts";

/** How often each code of either level was chosen. */
export interface CodeUsage {
  top: Uint32Array<ArrayBuffer>;
  bottom: Uint32Array<ArrayBuffer>;
}

export interface VqvaeTrainerOptions extends TrainerOptions {
  configuration: VqvaeConfiguration;
  /** Codes with a smaller smoothed count are restarted. Default: none. */
  restartDeadCodes?: number;
}

/** Adds a codec's codebooks and pictures to a trainer. */
export class VqvaeTrainer extends Trainer<VqvaeScalar, VqvaeProgram> {
  private readonly pictures = new Map<number, Promise<LoadedProgram<PictureProgram>>>();

  private constructor(
    training: Training<VqvaeProgram>,
    readonly model: Vqvae,
    private readonly options: VqvaeTrainerOptions,
  ) {
    super(training, options);
  }

  /**
   * Plans and compiles the training step of a codec, with the weights of `options.seed`.
   *
   * @throws {UsageError} if the parts of the configuration do not fit together.
   * @throws {TooLargeError} if a value of the step is larger than the adapter binds.
   * @throws {OutOfMemoryError} if the step does not fit into the GPU's memory.
   */
  static async open(gpu: Gpu, options: VqvaeTrainerOptions): Promise<VqvaeTrainer> {
    const { configuration, shape, restartDeadCodes: restart, precision, group } = options;
    const model = new Vqvae(configuration);
    const optimizer = new Adam(model.set.parameters, defaultAdam, precision);
    const programOf = (accumulate: number) =>
      trainingProgram(model, optimizer, shape, { restart, accumulate, group });
    const training = await openTraining(gpu, { set: model.set, optimizer }, programOf, options);
    return new VqvaeTrainer(training, model, options);
  }

  protected override evaluationProgram(count: number): VqvaeProgram {
    return evaluationProgram(this.model, this.optimizer, this.shapeOf(count));
  }

  protected override modelInputs({ program }: LoadedProgram<VqvaeProgram>): Promise<InputValues[]> {
    const { seed, restartDeadCodes } = this.options;
    if (program !== this.training.program || restartDeadCodes === undefined) return Promise.resolve([]);
    const key = joinKeys(joinKeys(seed, keyOf("restart")), this.steps);
    return Promise.resolve([[program.key, Uint32Array.of(key, 0, 0, 0)]]);
  }

  /** Reconstructions of `count` images, and what the decoder makes of the top codes alone; [B, C, H, W] each. */
  async reconstruct(
    images: Float32Array<ArrayBuffer>,
    count: number,
  ): Promise<{ whole: Float32Array<ArrayBuffer>; topOnly: Float32Array<ArrayBuffer> }> {
    const { executor, program } = await this.picturesOf(count);
    this.memory.write(program.images, images);
    executor.run();
    const [whole, topOnly] = await executor.read([program.reconstruction, program.topOnly]);
    return { whole: whole as Float32Array<ArrayBuffer>, topOnly: topOnly as Float32Array<ArrayBuffer> };
  }

  private picturesOf(count: number): Promise<LoadedProgram<PictureProgram>> {
    let loaded = this.pictures.get(count);
    if (!loaded) {
      const program = pictureProgram(this.model, this.optimizer, this.shapeOf(count));
      loaded = loadProgram(program, this.memory, this.tuner);
      this.pictures.set(count, loaded);
    }
    return loaded;
  }

  private shapeOf(count: number): BatchShape {
    const [, channels, height, width] = this.options.shape;
    return [count, channels, height, width];
  }

  /**
   * Moves both codebooks to k-means centres of the encoders' outputs for the given batches. The top codebook comes
   * first, because the bottom encoder's output depends on it. With several ranks, all take the first rank's centres.
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
    await takeFromFirstRank(
      this.group,
      this.memory,
      levels.flatMap(([, { codebook }]) => Object.values(codebook)),
    );
  }

  /** Reads how often each code was chosen since the last call; clears the counters. */
  async takeUsage(): Promise<CodeUsage> {
    const usage = await this.usage();
    for (const counter of this.counters) this.memory.write(counter, new Uint32Array(counter.shape[0]!));
    return usage;
  }

  /** The counters of the unfinished epoch's codes. */
  override async epochState(): Promise<EpochState> {
    const { top, bottom } = await this.usage();
    return new Map([["usage_t", top], ["usage_b", bottom]]);
  }

  protected override restoreEpochState(epochState: EpochState, path: string): void {
    for (const [index, name] of ["usage_t", "usage_b"].entries()) {
      const counts = epochState.get(name);
      if (!counts) throw new DataError(`${path}: the optimizer's state beside it lacks the codes' counters`);
      this.memory.write(this.counters[index]!, counts);
    }
  }

  override async close(): Promise<void> {
    for (const loaded of this.pictures.values()) (await loaded).executor.destroy();
    await super.close();
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
