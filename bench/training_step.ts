/** The default codec's training step, ready to run: what every benchmark of whole steps measures. */

import type { Gpu } from "../src/gpu/device.ts";
import { Executor } from "../src/gpu/executor.ts";
import { Memory } from "../src/gpu/memory.ts";
import { elementCount } from "../src/graph/layout.ts";
import { defaultConfiguration } from "../src/models/vqvae/configuration.ts";
import { Vqvae } from "../src/models/vqvae/model.ts";
import { Adam } from "../src/optim/adam.ts";
import { type Plan, plan, type Program } from "../src/plan/plan.ts";
import { keyOf, uniformArray } from "../src/random.ts";
import {
  type BatchShape,
  ringCapacity,
  trainingProgram,
  type VqvaeProgram,
} from "../src/train/vqvae_program.ts";

const learningRate = 3e-4;
const seed = 816;

function build(size: number, batch: number) {
  const model = new Vqvae({ ...defaultConfiguration });
  const optimizer = new Adam(model.set.parameters);
  const shape: BatchShape = [batch, defaultConfiguration.in_channel, size, size];
  return { model, optimizer, shape, step: trainingProgram(model, optimizer, shape) };
}

/** The graph of one step. */
export function stepProgram(size: number, batch: number): Program {
  return build(size, batch).step.program;
}

export class TrainingStep {
  private count = 0;

  private constructor(
    private readonly memory: Memory,
    private readonly executor: Executor,
    private readonly program: VqvaeProgram,
    private readonly optimizer: Adam,
    private readonly images: Float32Array<ArrayBuffer>,
  ) {}

  static async load(gpu: Gpu, size: number, batch: number): Promise<TrainingStep> {
    const { model, optimizer, shape, step } = build(size, batch);
    const memory = new Memory(gpu);
    const executor = await Executor.load(plan(step.program, gpu.target), memory);
    const values = model.set.initialValues(seed);
    for (const { key, tensor } of model.set.all) memory.write(tensor, values.get(key)!);
    const images = uniformArray(keyOf("bench images"), elementCount(shape), -1, 1);
    return new TrainingStep(memory, executor, step, optimizer, images);
  }

  get plan(): Plan {
    return this.executor.plan;
  }

  /** Uploads a batch and submits so many steps, then waits once: as training does between two readings of its losses. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const scalars = this.optimizer.stepScalars(this.count + 1, learningRate);
      this.memory.write(this.program.images, this.images);
      this.memory.write(this.program.step, Float32Array.of(...scalars, this.count % ringCapacity, 0));
      this.executor.run();
      this.count++;
    }
    await this.memory.gpu.finish();
  }

  /** The loss of the latest step; throws an `Error` where it is not finite. */
  async loss(): Promise<number> {
    const [scalars] = await this.program.ring.read(this.memory, [this.count - 1]);
    const { loss } = scalars!;
    if (!Number.isFinite(loss)) throw new Error(`the loss of step ${this.count} is ${loss}`);
    return loss;
  }

  destroy(): void {
    this.executor.destroy();
    this.memory.destroy();
  }
}
