/** A run of codec training: what it reports and draws in addition to the losses. */

import type { Batch } from "../../data/loader.ts";
import type { ModelDescription } from "../../trained/model_description.ts";
import type { MetricsLine } from "../metrics_log.ts";
import { Run, type RunParts } from "../run.ts";
import type { TrainVqvaeOptions } from "./options.ts";
import { VqvaePictures } from "./pictures.ts";
import type { CodeUsage, VqvaeTrainer } from "./trainer.ts";

/** Adds the codec's code usage and pictures to a run. */
export class VqvaeRun extends Run<TrainVqvaeOptions, VqvaeTrainer> {
  private readonly pictures: VqvaePictures;

  constructor(model: ModelDescription, parts: RunParts<TrainVqvaeOptions, VqvaeTrainer>) {
    const { options, trainer, train, valid } = parts;
    super(model, parts);
    this.pictures = new VqvaePictures(options.save_path, trainer, valid ?? train);
  }

  protected override started(): Promise<void> {
    return this.pictures.writeOriginals();
  }

  protected override modelBatch(batch: Batch): Promise<Batch> {
    return Promise.resolve(batch);
  }

  /** The share of each level's codes that the phase's batches used. */
  protected override async figures(): Promise<{ usage_t: number; usage_b: number }> {
    return usageShares(await this.parts.trainer.takeUsage());
  }

  protected override summary(lines: readonly MetricsLine[]): string {
    return lines.map(summaryOf).join("; ");
  }

  protected override async draw(epoch: number, isLast: boolean): Promise<void> {
    await this.pictures.drawCurves(this.parts.log.epochs, isLast);
    const { sample_every } = this.parts.options;
    if (epoch % sample_every === 0 || isLast) await this.pictures.writeSamples(epoch);
  }

  protected override applyEpochRules(): void {}
}

/** The share of each codebook's codes that were chosen at least once, 0 to 1. */
function usageShares({ top, bottom }: CodeUsage): { usage_t: number; usage_b: number } {
  const share = (counts: Uint32Array) => counts.filter((count) => count > 0).length / counts.length;
  return { usage_t: share(top), usage_b: share(bottom) };
}

function summaryOf(line: MetricsLine): string {
  const figure = (name: string, digits: number) => (line[name] as number).toFixed(digits);
  const losses = `loss ${figure("loss", 4)}, reconstruction ${figure("recon_loss", 4)}`;
  const codes = `${figure("perplexity_t", 0)} and ${figure("perplexity_b", 0)}`;
  return `${line.phase} epoch ${line.epoch}: ${losses}, codes in use ${codes}`;
}
