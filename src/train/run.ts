/** A training run: epochs of training and validation, and the files that they leave. */

import { join } from "node:path";
import type { Batch, BatchLoader } from "../data/loader.ts";
import { DataError } from "../errors.ts";
import type { ModelDescription } from "../trained/model_description.ts";
import { saveWeights } from "../trained/model_file.ts";
import { type RunState, saveCheckpoint, type SavedRun } from "./checkpoint.ts";
import { LossReader, type Window } from "./loss_reader.ts";
import type { MetricsLine, MetricsLog, Phase } from "./metrics_log.ts";
import type { RunOptions, TrainOutcome } from "./run_options.ts";
import type { RunContext } from "../report/run_context.ts";
import type { RunProfile } from "./run_profile.ts";
import { ringCapacity } from "./scalar_ring.ts";
import type { Trainer } from "./trainer.ts";

/** What a run is made of. */
export interface RunParts<Options extends RunOptions, T extends Trainer> {
  options: Options;
  context: RunContext;
  trainer: T;
  log: MetricsLog;
  train: BatchLoader;
  /** Default: no validation. */
  valid?: BatchLoader;
  /** The trainer's timeline, if the run is profiled. */
  profile?: RunProfile;
}

/** The settings of Adam that change during a run. */
export interface Schedule {
  learningRate: number;
  /** Training steps before which Adam's moments were zero. */
  momentsSince: number;
}

/** A run of a model, which is given by a subclass. */
export abstract class Run<Options extends RunOptions = RunOptions, T extends Trainer = Trainer> {
  protected state: RunState;

  constructor(readonly model: ModelDescription, protected readonly parts: RunParts<Options, T>) {
    const { seed, batch_size, precision = "f32" } = parts.options;
    const { accumulate } = parts.trainer;
    const fixed = { seed, batch_size, accumulate, precision };
    this.state = { steps: 0, epochs: 0, batches: 0, ...fixed, sums: {}, bestLoss: null };
  }

  /** Called before the first step. */
  protected abstract started(): Promise<void>;

  /** The batch with the model's inputs for images. */
  protected abstract modelBatch(batch: Batch): Promise<Batch>;

  /** What the log's line of a phase has in addition to the means of the losses. */
  protected abstract figures(phase: Phase): Promise<Record<string, unknown>>;

  /** An epoch's lines as text for the terminal. */
  protected abstract summary(lines: readonly MetricsLine[]): string;

  /** Redraws the pictures after an epoch. */
  protected abstract draw(epoch: number, isLast: boolean): Promise<void>;

  /** Applies the model's rules to an epoch's loss, before it is compared with the best. */
  protected abstract applyEpochRules(loss: number): void;

  /** The schedule at the run's state. */
  protected get schedule(): Schedule {
    return { learningRate: this.parts.options.lr, momentsSince: 0 };
  }

  /**
   * Continues from a checkpoint.
   *
   * @throws {DataError} if the checkpoint lacks what its unfinished epoch had collected.
   */
  restore({ run, ...saved }: SavedRun): void {
    const { trainer, context } = this.parts;
    this.state = run;
    trainer.restore({ ...saved, steps: run.steps, ...this.schedule });
    context.note(`resuming from ${saved.path}, after step ${run.steps}`);
  }

  /**
   * Trains until all epochs or steps are done, or a signal asks to stop. Leaves at least one checkpoint.
   *
   * @throws {DataError} if a loss is not finite.
   */
  async train(): Promise<TrainOutcome> {
    const { options: { n_epochs, max_steps, save_path }, context, profile } = this.parts;
    await this.started();
    let checkpoint = "";
    while (this.state.epochs < n_epochs && !this.mustStop) {
      const finished = await this.trainEpoch();
      if (!finished) {
        checkpoint = await this.saveInterrupted();
        break;
      }
      checkpoint = await this.finishEpoch() ?? checkpoint;
    }
    checkpoint ||= await this.saveNumbered();
    await profile?.finish(save_path);
    const { steps, epochs } = this.state;
    if (max_steps !== undefined && this.reachedMaximum) {
      context.note(`--max_steps ${max_steps} is reached`);
    }
    return { steps, epochs, checkpoint, exitCode: context.stop.exitCode };
  }

  private get reachedMaximum(): boolean {
    const { options, trainer } = this.parts;
    return trainer.steps >= (options.max_steps ?? Infinity);
  }

  private get mustStop(): boolean {
    return this.parts.context.stop.exitCode !== undefined || this.reachedMaximum;
  }

  /** Trains to the end of the current epoch; false if the run must stop earlier. */
  private async trainEpoch(): Promise<boolean> {
    const { state, parts: { options, context, trainer, train: loader, profile } } = this;
    const epoch = state.epochs + 1;
    const progress = context.progress(
      `epoch ${epoch} of ${options.n_epochs}`,
      loader.batchesPerEpoch * options.batch_size,
    );
    const reader = new LossReader(trainer, async (window) => {
      await this.logSteps(epoch, window);
      const done = state.batches - (state.steps - window.lastStep);
      progress.update(done * options.batch_size, `loss ${window.scalars.at(-1)!.loss!.toFixed(4)}`);
    }, profile);
    let waitingSince = performance.now();
    for await (const batch of loader.epoch(epoch, state.batches)) {
      const inputs = await this.modelBatch(batch);
      trainer.timeline.since(waitingSince, "waiting for data");
      if (this.isDue(reader)) await reader.settle();
      if (this.mustStop) break;
      await this.trainStep(inputs, reader);
      loader.recycle(batch);
      state.batches++;
      state.steps = trainer.steps;
      reader.pending++;
      if (this.mustStop) break;
      waitingSince = performance.now();
    }
    await reader.flush();
    progress.finish();
    if (state.batches < loader.batchesPerEpoch) return false;
    profile?.endEpoch(epoch);
    return true;
  }

  private isDue({ pending }: LossReader): boolean {
    return pending === Math.min(this.parts.options.log_every, ringCapacity);
  }

  /**
   * Submits a step. Losses that are due are read between its encoding and its submission, while the GPU has no other
   * work.
   */
  private async trainStep(batch: Batch, reader: LossReader): Promise<void> {
    const { trainer, profile } = this.parts;
    if (profile?.wantsDetail) {
      await reader.flush();
      return await profile.detail(trainer.steps, () => trainer.trainTimed(batch));
    }
    const submit = await trainer.encodeStep(batch);
    if (this.isDue(reader)) await reader.beginReading();
    await submit();
  }

  private async logSteps(epoch: number, { scalars, lastStep, milliseconds }: Window): Promise<void> {
    const { trainer: { learningRate: lr }, options: { batch_size } } = this.parts;
    const rate = 1000 * scalars.length * batch_size / milliseconds;
    const first = lastStep - scalars.length + 1;
    const lines = scalars.map((each, index): MetricsLine => {
      requireFinite(each, first + index);
      for (const [name, value] of Object.entries(each)) {
        this.state.sums[name] = (this.state.sums[name] ?? 0) + value;
      }
      return { phase: "train", epoch, step: first + index, ...each, lr, images_per_s: round(rate) };
    });
    await this.parts.log.add(lines);
  }

  /** Logs the epoch's means, validates, draws and saves. Returns the checkpoint's path if one was due. */
  private async finishEpoch(): Promise<string | undefined> {
    const { state, parts: { options, context, valid } } = this;
    const epoch = state.epochs + 1;
    const lines = [await this.epochLine("train", epoch, state.sums, state.batches)];
    if (valid) lines.push(await this.validate(epoch, valid));
    state.epochs = epoch;
    state.batches = 0;
    state.sums = {};
    await this.parts.log.add(lines);
    context.note(this.summary(lines));
    const isLast = epoch === options.n_epochs || this.mustStop;
    await this.draw(epoch, isLast);
    const loss = lines.at(-1)!.loss as number;
    this.applyEpochRules(loss);
    await this.keepBest(loss);
    if (epoch % options.checkpoint_every === 0 || isLast) return await this.saveNumbered();
  }

  private async validate(epoch: number, loader: BatchLoader): Promise<MetricsLine> {
    const { context, trainer } = this.parts;
    const progress = context.progress(`validation ${epoch}`, loader.info.count);
    const total: Record<string, number> = {};
    let [images, unread, weights] = [0, 0, 0];
    for await (const batch of loader.epoch(0)) {
      await trainer.evaluate(await this.modelBatch(batch));
      loader.recycle(batch);
      images += batch.count;
      unread++;
      if (unread < ringCapacity && images < loader.info.count) continue;
      const { sums, weight } = await trainer.evaluationSums();
      for (const [name, sum] of Object.entries(sums)) total[name] = (total[name] ?? 0) + sum;
      weights += weight;
      unread = 0;
      progress.update(images);
    }
    progress.finish();
    return await this.epochLine("valid", epoch, total, weights);
  }

  /** The log's line of a phase: means over its batches, and the model's figures. */
  private async epochLine(
    phase: Phase,
    epoch: number,
    sums: Readonly<Record<string, number>>,
    weight: number,
  ): Promise<MetricsLine> {
    const { steps: step, learningRate: lr } = this.parts.trainer;
    const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / weight]));
    requireFinite(means, step);
    return { phase, epoch, step, epoch_end: true, ...means, ...await this.figures(phase), lr };
  }

  private async keepBest(loss: number): Promise<void> {
    const { state, model } = this;
    if (state.bestLoss !== null && loss >= state.bestLoss) return;
    state.bestLoss = loss;
    await saveWeights(
      this.pathOf(`best_${model.kind}`),
      model,
      await this.parts.trainer.state.weights(),
      state,
    );
  }

  private saveNumbered(): Promise<string> {
    return this.save(`${this.model.kind}_${String(this.state.epochs).padStart(3, "0")}`);
  }

  /** Saves in the middle of an epoch: the step is part of the name. */
  private async saveInterrupted(): Promise<string> {
    const { epochs, steps } = this.state;
    const path = await this.save(`${this.model.kind}_${String(epochs).padStart(3, "0")}_step_${steps}`);
    this.parts.context.note(`stopped after step ${steps}; --resume continues from ${path}`);
    return path;
  }

  private async save(name: string): Promise<string> {
    const { trainer } = this.parts;
    const path = this.pathOf(name);
    const [weights, moments] = [await trainer.state.weights(), await trainer.state.moments()];
    const epochState = await trainer.epochState();
    await saveCheckpoint(path, this.model, {
      weights,
      moments,
      epochState,
      run: { ...this.state, kernels: trainer.tuner?.state },
    });
    return path;
  }

  private pathOf(name: string): string {
    return join(this.parts.options.save_path, "checkpoint", `${name}.safetensors`);
  }
}

function requireFinite(scalars: Readonly<Record<string, number>>, step: number): void {
  const wrong = Object.entries(scalars).find(([, value]) => !Number.isFinite(value));
  if (wrong) {
    throw new DataError(
      `step ${step}: ${wrong[0]} is ${wrong[1]}: training has diverged; a smaller --lr may help`,
    );
  }
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
