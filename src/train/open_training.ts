/** Brings a model's training step onto the GPU, in as many parts as its memory asks for. */

import type { Group } from "../distributed/group.ts";
import type { FloatType } from "../graph/layout.ts";
import { type Gpu, OutOfMemoryError } from "../gpu/device.ts";
import { Memory } from "../gpu/memory.ts";
import type { ParameterSet } from "../nn/parameters.ts";
import type { Adam } from "../optim/adam.ts";
import { TooLargeError } from "../plan/plan.ts";
import type { Tuner } from "../tune/tuner.ts";
import { partCounts } from "./micro_batches.ts";
import { type BatchShape, type LoadedProgram, loadProgram, type StepProgram } from "./step_program.ts";
import type { Timeline } from "./timeline.ts";
import { TrainingState } from "./training_state.ts";

/** What all models' trainers are opened with. */
export interface TrainerOptions {
  /** [B, C, H, W] of a training batch; with several ranks, of this rank's part of it. */
  shape: BatchShape;
  learningRate: number;
  /** Chooses the first weights. */
  seed: number;
  /** Equal parts in which a batch goes through the model. Default: as few as the GPU's memory holds. */
  accumulate?: number;
  /** Of the values between layers and their gradients. Default: float32. */
  precision?: FloatType;
  /** Settles which kernels run. Default: the first guesses do. */
  tuner?: Tuner;
  /** Records where the time of training steps goes. Default: nothing does. */
  timeline?: Timeline;
  /** The ranks that train the model together. Default: this one alone. */
  group?: Group;
}

/** A model's training step on the GPU. */
export interface Training<P> {
  memory: Memory;
  state: TrainingState;
  optimizer: Adam;
  step: LoadedProgram<P>;
  /** Parts in which a batch goes through the model. */
  accumulate: number;
}

/**
 * Plans and compiles a model's training step, with the weights of `options.seed`.
 *
 * @throws {TooLargeError} if a value of the step is larger than the adapter binds.
 * @throws {OutOfMemoryError} if the step does not fit into the GPU's memory.
 */
export async function openTraining<P extends StepProgram<string>>(
  gpu: Gpu,
  { set, optimizer }: { set: ParameterSet; optimizer: Adam },
  programOf: (accumulate: number) => P,
  { shape: [images], accumulate, seed, tuner }: TrainerOptions,
): Promise<Training<P>> {
  const memory = new Memory(gpu);
  const state = new TrainingState(memory, set, optimizer);
  const counts = accumulate === undefined ? partCounts(images) : [accumulate];
  for (const parts of counts) {
    try {
      const step = await loadProgram(programOf(parts), memory, tuner);
      state.initialise(seed);
      return { memory, state, optimizer, step, accumulate: parts };
    } catch (error) {
      const isTooLarge = error instanceof TooLargeError || error instanceof OutOfMemoryError;
      if (isTooLarge && parts !== counts.at(-1)) continue;
      memory.destroy();
      throw error;
    }
  }
  throw new RangeError(`Cannot split ${images} images into equal parts`);
}
