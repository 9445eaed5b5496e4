/** A run of classifier training: its learning-rate rule, and what it reports and draws in addition to the losses. */

import { join } from "node:path";
import type { Batch } from "../../data/loader.ts";
import type { Panel } from "../../report/curves.ts";
import { textTable } from "../../report/table.ts";
import type { ModelDescription } from "../../trained/model_description.ts";
import type { MetricsLine, Phase } from "../metrics_log.ts";
import { Run, type RunParts, type Schedule } from "../run.ts";
import { RunCurves, series } from "../run_curves.ts";
import type { Inputs } from "./inputs.ts";
import type { TrainDensenetOptions } from "./options.ts";
import { meanOf } from "./scores.ts";
import type { DensenetTrainer } from "./trainer.ts";

/** The learning rate is divided by this after an epoch that is worse than the best. */
const divisor = 10;

/** Areas under the curve by class name. */
type Auroc = Record<string, number | null>;

/** Adds the classifier's AUROC, curves and learning-rate rule to a run. */
export class DensenetRun extends Run<TrainDensenetOptions, DensenetTrainer> {
  private readonly curves: RunCurves;

  constructor(
    model: ModelDescription,
    parts: RunParts<TrainDensenetOptions, DensenetTrainer>,
    private readonly inputs: Inputs,
  ) {
    super(model, parts);
    this.state.rule = { lr_drops: 0, moments_since: 0 };
    const path = join(parts.options.save_path, "loss_and_auroc.png");
    this.curves = new RunCurves(path, "DenseNet", (lines) => panels(lines, inputs.classNames));
  }

  protected override get schedule(): Schedule {
    const { lr_drops, moments_since } = this.state.rule!;
    return { learningRate: this.parts.options.lr / divisor ** lr_drops, momentsSince: moments_since };
  }

  protected override started(): Promise<void> {
    if (!this.parts.valid) {
      this.parts.context.note(
        "without validation data the learning rate stays as it is, and the best checkpoint is that of the lowest training loss",
      );
    }
    return Promise.resolve();
  }

  protected override modelBatch(batch: Batch): Promise<Batch> {
    return this.inputs.modelBatch(batch);
  }

  protected override figures(phase: Phase): Promise<{ auroc_mean: number | null; auroc: Auroc }> {
    const values = this.parts.trainer.takeAuroc(phase);
    const auroc = Object.fromEntries(this.inputs.classNames.map((name, index) => [name, values[index]!]));
    return Promise.resolve({ auroc_mean: meanOf(values), auroc });
  }

  protected override summary(lines: readonly MetricsLine[]): string {
    const losses = lines.map(({ phase, epoch, loss }) => `${phase} epoch ${epoch}: loss ${fixed(loss)}`);
    const rows = [...this.inputs.classNames.keys()].map((index) => {
      const name = this.inputs.classNames[index]!;
      return [name, ...lines.map((line) => fixed((line.auroc as Auroc)[name]))];
    });
    rows.push(["mean", ...lines.map((line) => fixed(line.auroc_mean))]);
    return `${losses.join("; ")}\n${textTable(["AUROC", ...lines.map(({ phase }) => phase)], rows)}`;
  }

  protected override draw(_epoch: number, isLast: boolean): Promise<void> {
    return this.curves.draw(this.parts.log.epochs, isLast);
  }

  /** If the validation loss is above the best so far, divides the learning rate and restarts Adam. */
  protected override applyEpochRules(loss: number): void {
    const { state, parts: { trainer, valid, context } } = this;
    if (!valid || state.bestLoss === null || loss <= state.bestLoss) return;
    state.rule = { lr_drops: state.rule!.lr_drops + 1, moments_since: trainer.steps };
    trainer.restartOptimizer(this.schedule.learningRate);
    context.note(
      `the validation loss is above the best, ${
        fixed(state.bestLoss)
      }: learning rate ${trainer.learningRate}`,
    );
  }
}

function fixed(value: unknown): string {
  return typeof value === "number" ? value.toFixed(4) : "–";
}

function panels(lines: readonly MetricsLine[], classNames: readonly string[]): Panel[] {
  const phases = ["train", "valid"] as const;
  const detailed = lines.some(({ phase }) => phase === "valid") ? "valid" : "train";
  const both = (title: string, figure: (line: MetricsLine) => unknown): Panel => ({
    title,
    yLabel: title.toLowerCase(),
    series: phases.map((phase) => series(lines, phase, phase, figure)),
  });
  return [
    both("Loss", (line) => line.loss),
    { ...both("Mean AUROC", (line) => line.auroc_mean), yLabel: "AUROC" },
    {
      title: `AUROC by class, ${detailed}`,
      yLabel: "AUROC",
      series: classNames.map((name) => series(lines, detailed, name, (line) => (line.auroc as Auroc)[name])),
    },
  ];
}
