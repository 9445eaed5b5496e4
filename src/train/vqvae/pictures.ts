/** The pictures of a run of codec training: originals, reconstructions, and curves of the losses. */

import { join } from "node:path";
import type { BatchLoader } from "../../data/loader.ts";
import { imagenetDeviation, imagenetMean } from "../../data/normalisation.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { encodePng } from "../../io/png.ts";
import type { Panel } from "../../report/curves.ts";
import { type GridOptions, imageGrid } from "../../report/grid.ts";
import type { MetricsLine, Phase } from "../metrics_log.ts";
import { RunCurves, series } from "../run_curves.ts";
import type { VqvaeTrainer } from "./trainer.ts";

/** Images in a grid of five by five. */
const samples = 25;

/** Draws the pictures of one run. */
export class VqvaePictures {
  private readonly curves: RunCurves;
  private chosen: { images: Float32Array<ArrayBuffer>; count: number } | undefined;

  /** The samples are the first images of `loader`. */
  constructor(
    private readonly folder: string,
    private readonly trainer: VqvaeTrainer,
    private readonly loader: BatchLoader,
  ) {
    this.curves = new RunCurves(join(folder, "loss_curves.png"), "VQ-VAE-2", panels);
  }

  /** Writes sample/original.png. */
  async writeOriginals(): Promise<void> {
    await this.writeGrid("original.png", (await this.samples()).images);
  }

  /**
   * After epoch 1, writes the reconstructions to sample/0001.png, and those from the top codes alone to
   * sample/flat_0001.png.
   */
  async writeSamples(epoch: number): Promise<void> {
    const { images, count } = await this.samples();
    const { whole, topOnly } = await this.trainer.reconstruct(images, count);
    const name = `${String(epoch).padStart(4, "0")}.png`;
    await this.writeGrid(name, whole);
    await this.writeGrid(`flat_${name}`, topOnly);
  }

  /** Draws losses and perplexities by epoch to loss_curves.png. */
  async drawCurves(lines: readonly MetricsLine[], isLast: boolean): Promise<void> {
    await this.curves.draw(lines, isLast);
  }

  private async samples(): Promise<{ images: Float32Array<ArrayBuffer>; count: number }> {
    if (this.chosen) return this.chosen;
    const parts: Float32Array[] = [];
    let count = 0;
    for await (const batch of this.loader.epoch(0)) {
      const size = batch.images.length / batch.count;
      const taken = Math.min(batch.count, samples - count);
      parts.push(batch.images.subarray(0, taken * size));
      count += taken;
      if (count >= samples) break;
    }
    const images = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      images.set(part, at);
      at += part.length;
    }
    return this.chosen = { images, count };
  }

  private async writeGrid(name: string, images: Float32Array): Promise<void> {
    const { channels, height, width } = this.loader.info;
    const picture = imageGrid(images, gridOptions(channels, height, width));
    await writeFileAtomic(join(this.folder, "sample", name), encodePng(picture));
  }
}

/** The options with which a grid of normalised images becomes a picture. */
export function gridOptions(channels: number, height: number, width: number): GridOptions {
  const [mean, std] = [imagenetMean.slice(0, channels), imagenetDeviation.slice(0, channels)];
  return { channels, height, width, mean, std };
}

function panels(lines: readonly MetricsLine[]): Panel[] {
  const panel = (title: string, ...names: string[]): Panel => ({
    title,
    yLabel: title.toLowerCase(),
    series: (["train", "valid"] as Phase[]).flatMap((phase) =>
      names.map((name) => {
        const level = name.endsWith("_t") ? "top" : "bottom";
        const label = names.length > 1 ? `${phase}, ${level}` : phase;
        return series(lines, phase, label, (line) => line[name]);
      })
    ),
  });
  return [
    panel("Loss", "loss"),
    panel("Reconstruction loss", "recon_loss"),
    panel("Latent loss", "latent_loss"),
    panel("Codebook perplexity", "perplexity_t", "perplexity_b"),
  ];
}
