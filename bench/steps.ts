/** Times whole training steps. */

import { Gpu } from "../src/gpu/device.ts";
import type { TuneMode } from "../src/tune/tuner.ts";
import type { StepRow } from "./rows.ts";
import { spreadOf } from "./timing.ts";
import type { StepChoice } from "./models.ts";
import { openTuner } from "./tuning.ts";
import { TrainingStep } from "./training_step.ts";

/** Steps run in bursts of about this length with one wait after each, so that waits cost as little as in training. */
const burstMilliseconds = 400;
const fewestBursts = 5;
const mostStepsInBurst = 32;

/**
 * Measures images per second over at least `steps` steps. The time of the first step begins with the opening of the
 * adapter, on a new device, so that it includes compiling every kernel.
 *
 * @throws {Error} if the loss does not fall, although every step trains on the same batch
 */
export async function measureStep(
  { adapter, tune }: { adapter?: string; tune?: TuneMode },
  choice: StepChoice,
  steps: number,
): Promise<StepRow> {
  const { model, size, batch } = choice;
  const start = performance.now();
  const gpu = await Gpu.open({ adapter });
  const step = await TrainingStep.load(gpu, choice, await openTuner(gpu, tune));
  try {
    await step.run(1);
    const firstStepMilliseconds = performance.now() - start;
    const firstLoss = await step.loss();
    const again = await secondsFor(step, 1);
    const burst = Math.max(1, Math.min(mostStepsInBurst, Math.round(burstMilliseconds / 1000 / again)));
    const rates: number[] = [];
    for (let run = 0; run < Math.max(fewestBursts, Math.ceil(steps / burst)); run++) {
      rates.push(batch * burst / await secondsFor(step, burst));
    }
    const lastLoss = await step.loss();
    if (!(lastLoss < firstLoss)) {
      throw new Error(
        `${model}, ${size}×${size}, batch ${batch}: the loss went from ${firstLoss} to ${lastLoss}`,
      );
    }
    const imagesPerSecond = spreadOf(rates);
    const { dispatches, peakBytes } = step.plan;
    const flops = dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
    return {
      ...choice,
      imagesPerSecond,
      gigaflops: flops * imagesPerSecond.median / batch / 1e9,
      dispatches: dispatches.length,
      pipelines: gpu.pipelineCount,
      plannedBytes: peakBytes,
      firstStepMilliseconds,
    };
  } finally {
    step.destroy();
    gpu.close();
  }
}

async function secondsFor(step: TrainingStep, count: number): Promise<number> {
  const start = performance.now();
  await step.run(count);
  return (performance.now() - start) / 1000;
}
