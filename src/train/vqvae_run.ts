/** One run: epochs of training and validation, and what they leave in the folder. */

import { join } from "node:path";
import type { BatchLoader } from "../data/loader.ts";
import { DataError } from "../errors.ts";
import type { CodeUsage, VqvaeScalars, VqvaeTrainer } from "./vqvae_trainer.ts";
import { ringCapacity } from "./vqvae_program.ts";
import { type RunState, saveCheckpoint, type SavedRun, saveWeights } from "./checkpoint.ts";
import type { MetricsLine, MetricsLog, Phase } from "./metrics_log.ts";
import { RunPictures } from "./run_pictures.ts";
import type { Surroundings, TrainOutcome, TrainVqvaeOptions } from "./vqvae_options.ts";

const kind = "vqvae";

export class VqvaeRun {
  private log!: MetricsLog;
  private readonly pictures: RunPictures;
  private state: RunState;

  constructor(
    private readonly options: TrainVqvaeOptions,
    private readonly surroundings: Surroundings,
    readonly trainer: VqvaeTrainer,
    private readonly trainLoader: BatchLoader,
    private readonly validLoader: BatchLoader | undefined,
  ) {
    this.pictures = new RunPictures(options.save_path, trainer, validLoader ?? trainLoader);
    this.state = {
      steps: 0,
      epochs: 0,
      batches: 0,
      seed: options.seed,
      batch_size: options.batch_size,
      sums: {},
      bestLoss: null,
    };
  }

  /** A new run writes to this log. */
  begin(log: MetricsLog): void {
    this.log = log;
  }

  /** Goes on where the checkpoint stands. */
  restore({ weights, moments, counters, run, path }: SavedRun, log: MetricsLog): void {
    this.log = log;
    this.state = run;
    this.trainer.steps = run.steps;
    this.trainer.write(weights);
    this.trainer.write(moments);
    const [top, bottom] = [counters.get("usage_t"), counters.get("usage_b")];
    if (!top || !bottom) {
      throw new DataError(`${path}: the optimizer's state beside it lacks the codes' counters`);
    }
    this.trainer.setUsage({ top, bottom });
    this.surroundings.note(`resuming from ${path}, after step ${run.steps}`);
  }

  async train(): Promise<TrainOutcome> {
    const { n_epochs, max_steps } = this.options;
    await this.pictures.writeOriginals();
    let checkpoint = "";
    while (this.state.epochs < n_epochs && !this.reachedMaximum) {
      const finished = await this.trainEpoch();
      if (!finished) {
        checkpoint = await this.saveInterrupted();
        break;
      }
      checkpoint = await this.finishEpoch() ?? checkpoint;
    }
    checkpoint ||= await this.saveNumbered();
    const { steps, epochs } = this.state;
    const { exitCode } = this.surroundings.stop;
    if (max_steps !== undefined && this.reachedMaximum) {
      this.surroundings.note(`--max_steps ${max_steps} is reached`);
    }
    return { steps, epochs, checkpoint, exitCode };
  }

  private get reachedMaximum(): boolean {
    return this.trainer.steps >= (this.options.max_steps ?? Infinity);
  }

  private get mustStop(): boolean {
    return this.surroundings.stop.exitCode !== undefined || this.reachedMaximum;
  }

  /** Trains to the end of the current epoch; false where the run must stop before it. */
  private async trainEpoch(): Promise<boolean> {
    const { options, trainer, state, trainLoader: loader } = this;
    const epoch = state.epochs + 1;
    const progress = this.surroundings.progress(
      `epoch ${epoch} of ${options.n_epochs}`,
      loader.batchesPerEpoch * options.batch_size,
    );
    const readEvery = Math.min(options.log_every, ringCapacity);
    let pending = 0;
    let since = performance.now();
    const flush = async () => {
      if (pending === 0) return;
      const scalars = await trainer.trainingScalars(pending);
      const rate = 1000 * pending * options.batch_size / (performance.now() - since);
      await this.logSteps(epoch, scalars, rate);
      progress.update(state.batches * options.batch_size, `loss ${scalars.at(-1)!.loss.toFixed(4)}`);
      pending = 0;
      since = performance.now();
    };
    for await (const { images } of loader.epoch(epoch, state.batches)) {
      trainer.train(images);
      state.batches++;
      state.steps = trainer.steps;
      pending++;
      if (pending === readEvery || this.mustStop) await flush();
      if (this.mustStop && state.batches < loader.batchesPerEpoch) {
        progress.finish();
        return false;
      }
    }
    await flush();
    progress.finish();
    return true;
  }

  private async logSteps(epoch: number, scalars: readonly VqvaeScalars[], rate: number): Promise<void> {
    const { lr } = this.options;
    const first = this.trainer.steps - scalars.length + 1;
    const lines = scalars.map((each, index): MetricsLine => {
      requireFinite(each, first + index);
      for (const [name, value] of Object.entries(each)) {
        this.state.sums[name] = (this.state.sums[name] ?? 0) + value;
      }
      return { phase: "train", epoch, step: first + index, ...each, lr, images_per_s: round(rate) };
    });
    await this.log.add(lines);
  }

  /** Sums up the epoch, validates, draws and saves; returns the checkpoint's path if one was due. */
  private async finishEpoch(): Promise<string | undefined> {
    const { options, state, surroundings } = this;
    const epoch = state.epochs + 1;
    const trained = await this.epochLine("train", epoch, state.sums, state.batches);
    const lines = [trained];
    if (this.validLoader) lines.push(await this.validate(epoch, this.validLoader));
    state.epochs = epoch;
    state.batches = 0;
    state.sums = {};
    await this.log.add(lines);
    surroundings.note(lines.map(summary).join("; "));
    const isLast = epoch === options.n_epochs || this.mustStop;
    await this.pictures.drawCurves(this.log.epochs, isLast);
    if (epoch % options.sample_every === 0 || isLast) await this.pictures.writeSamples(epoch);
    await this.keepBest(lines.at(-1)!.loss as number);
    if (epoch % options.checkpoint_every === 0 || isLast) return await this.saveNumbered();
  }

  private async validate(epoch: number, loader: BatchLoader): Promise<MetricsLine> {
    const progress = this.surroundings.progress(`validation ${epoch}`, loader.info.count);
    const sums: Record<string, number> = {};
    let images = 0;
    let unread = 0;
    for await (const batch of loader.epoch(0)) {
      await this.trainer.evaluate(batch.images, batch.count);
      images += batch.count;
      unread++;
      if (unread < ringCapacity && images < loader.info.count) continue;
      for (const [name, sum] of Object.entries(await this.trainer.evaluationSums())) {
        sums[name] = (sums[name] ?? 0) + sum;
      }
      unread = 0;
      progress.update(images);
    }
    progress.finish();
    return await this.epochLine("valid", epoch, sums, images);
  }

  /** Means over the phase's batches, and the shares of codes in use over all of them. */
  private async epochLine(
    phase: Phase,
    epoch: number,
    sums: Readonly<Record<string, number>>,
    weight: number,
  ): Promise<MetricsLine> {
    const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / weight]));
    const usage = usageShares(await this.trainer.takeUsage());
    return {
      phase,
      epoch,
      step: this.trainer.steps,
      epoch_end: true,
      ...means,
      ...usage,
      lr: this.options.lr,
    };
  }

  private async keepBest(loss: number): Promise<void> {
    const { state, trainer, options } = this;
    if (state.bestLoss !== null && loss >= state.bestLoss) return;
    state.bestLoss = loss;
    const path = join(options.save_path, "checkpoint", "best_vqvae.safetensors");
    await saveWeights(path, kind, options.configuration, await trainer.weights(), state);
  }

  private saveNumbered(): Promise<string> {
    return this.save(`vqvae_${String(this.state.epochs).padStart(3, "0")}`);
  }

  /** In mid-epoch the step is part of the name. */
  private async saveInterrupted(): Promise<string> {
    const { epochs, steps } = this.state;
    const path = await this.save(`vqvae_${String(epochs).padStart(3, "0")}_step_${steps}`);
    this.surroundings.note(`stopped after step ${steps}; --resume goes on from ${path}`);
    return path;
  }

  private async save(name: string): Promise<string> {
    const path = join(this.options.save_path, "checkpoint", `${name}.safetensors`);
    const { top, bottom } = await this.trainer.usage();
    const counters = new Map([["usage_t", top], ["usage_b", bottom]]);
    const [weights, moments] = [await this.trainer.weights(), await this.trainer.moments()];
    await saveCheckpoint(path, kind, this.options.configuration, {
      weights,
      moments,
      counters,
      run: this.state,
    });
    return path;
  }
}

function requireFinite(scalars: VqvaeScalars, step: number): void {
  const wrong = Object.entries(scalars).find(([, value]) => !Number.isFinite(value));
  if (wrong) {
    throw new DataError(
      `step ${step}: ${wrong[0]} is ${wrong[1]}: training has diverged; a smaller --lr may help`,
    );
  }
}

/** The share of each codebook's codes that were chosen at all. */
function usageShares({ top, bottom }: CodeUsage): { usage_t: number; usage_b: number } {
  const share = (counts: Uint32Array) => counts.filter((count) => count > 0).length / counts.length;
  return { usage_t: share(top), usage_b: share(bottom) };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function summary(line: MetricsLine): string {
  const figure = (name: string, digits: number) => (line[name] as number).toFixed(digits);
  return `${line.phase} epoch ${line.epoch}: loss ${figure("loss", 4)}, reconstruction ${
    figure("recon_loss", 4)
  }, ` +
    `codes in use ${figure("perplexity_t", 0)} and ${figure("perplexity_b", 0)}`;
}
