/** A model's program as training runs it: the tensors that the host writes and reads, and how it comes onto the GPU. */

import { Executor } from "../gpu/executor.ts";
import type { Memory } from "../gpu/memory.ts";
import type { Tensor } from "../graph/tensor.ts";
import { plan, type Program } from "../plan/plan.ts";
import type { Tuner } from "../tune/tuner.ts";
import type { ScalarRing } from "./scalar_ring.ts";

/** [B, C, H, W]. */
export type BatchShape = readonly [number, number, number, number];

/** A program for batches of one size, and what the host writes and reads. */
export interface StepProgram<Scalar extends string> {
  program: Program;
  /** Flat [B, C, H, W]; written before each run. */
  images: Tensor;
  /** [rate, scale, slot, 0]; written before each run. */
  step: Tensor;
  ring: ScalarRing<Scalar>;
}

/** A program on the GPU. */
export interface LoadedProgram<P> {
  executor: Executor;
  program: P;
  /** Images in a batch. */
  count: number;
  /** Runs whose losses nobody has read. */
  unread: number;
}

/** Plans a program and compiles its kernels; with a tuner, those that it finds to be the fastest. */
export async function loadProgram<P extends { program: Program; images: Tensor }>(
  program: P,
  memory: Memory,
  tuner?: Tuner,
): Promise<LoadedProgram<P>> {
  const { target } = memory.gpu;
  let planned = plan(program.program, target);
  // Tuning takes long, so the first plan shows whether the program fits at all.
  if (await tuner?.prepare(program.program)) planned = plan(program.program, target);
  const executor = await Executor.load(planned, memory);
  return { executor, program, count: program.images.shape[0]!, unread: 0 };
}
