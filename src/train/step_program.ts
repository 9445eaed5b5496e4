/** What a model's program is to those who run it: the tensors that the host writes and reads. */

import type { Executor } from "../gpu/executor.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Program } from "../plan/plan.ts";
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
