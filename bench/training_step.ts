/** A model's training step on a GPU, as the benchmarks of whole steps measure it. */

import type { Gpu } from "../src/gpu/device.ts";
import { Executor } from "../src/gpu/executor.ts";
import { Memory } from "../src/gpu/memory.ts";
import { type Plan, plan, type Program } from "../src/plan/plan.ts";
import { ringCapacity } from "../src/train/scalar_ring.ts";
import type { Tuner } from "../src/tune/tuner.ts";
import { type ModelName, models, type ModelStep, type StepChoice } from "./models.ts";

const seed = 816;

/** The graph of one step. */
export function stepProgram(model: ModelName, size: number, batch: number): Program {
  return models[model](size, batch).step.program;
}

/** A loaded training step, with weights and a batch. */
export class TrainingStep {
  private count = 0;

  private constructor(
    private readonly memory: Memory,
    private readonly executor: Executor,
    private readonly model: ModelStep,
  ) {}

  /** Plans and compiles a step; with a tuner, from the variants that it finds to be the fastest. */
  static async load(
    gpu: Gpu,
    { model: name, size, batch, precision }: StepChoice,
    tuner?: Tuner,
  ): Promise<TrainingStep> {
    const model = models[name](size, batch, precision);
    const { set, step, given } = model;
    await tuner?.prepare(step.program);
    const memory = new Memory(gpu);
    const executor = await Executor.load(plan(step.program, gpu.target), memory);
    const values = set.initialValues(seed);
    for (const { key, tensor } of set.all) memory.write(tensor, values.get(key)!);
    for (const [tensor, data] of given) memory.write(tensor, data);
    return new TrainingStep(memory, executor, model);
  }

  get plan(): Plan {
    return this.executor.plan;
  }

  /**
   * Uploads the batch and submits a step `steps` times, then waits once, as training does between two reads of its
   * losses.
   */
  async run(steps: number): Promise<void> {
    const { optimizer, learningRate, step: { images, step }, images: batch } = this.model;
    for (let index = 0; index < steps; index++) {
      const scalars = optimizer.stepScalars(this.count + 1, learningRate);
      this.memory.write(images, batch);
      this.memory.write(step, Float32Array.of(...scalars, this.count % ringCapacity, 0));
      this.executor.run();
      this.count++;
    }
    await this.memory.gpu.finish();
  }

  /**
   * The loss of the latest step.
   *
   * @throws {Error} if it is not finite.
   */
  async loss(): Promise<number> {
    const [scalars] = await this.model.step.ring.read(this.memory, [this.count - 1]);
    const { loss } = scalars!;
    if (!Number.isFinite(loss)) throw new Error(`the loss of step ${this.count} is ${loss}`);
    return loss;
  }

  destroy(): void {
    this.executor.destroy();
    this.memory.destroy();
  }
}
