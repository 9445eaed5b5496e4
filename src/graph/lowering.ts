/** What an operation says to have itself computed: kernels, bindings, grids. Plain data, nothing of a GPU. */

import type { Tensor } from "./tensor.ts";

/** A kernel family: its WGSL and the name by which tables and errors call it. */
export interface Kernel {
  name: string;
  source: string;
}

/** What the kernels may count on, read from the adapter: the plan is made for it. */
export interface Target {
  /** The lanes of a subgroup if it is always that size and broadcasts are cheap; 0 where subgroups are not used. */
  subgroupLanes: number;
  /** True where WGSL has to say `enable subgroups;`. */
  subgroupsNeedEnable: boolean;
  /** True where memory may hold float16. */
  halves: boolean;
  /** The workgroups that keep the adapter busy; work is split until there are about so many. */
  parallelWorkgroups: number;
  maxWorkgroupsPerDimension: number;
  maxInvocations: number;
  maxStorageBuffers: number;
  /** The largest buffer that can be bound, in bytes. */
  maxBindingBytes: number;
  uniformAlignment: number;
  storageAlignment: number;
}

/** Memory that lives for one node only, such as partial sums. */
export class Scratch {
  constructor(readonly bytes: number, readonly label: string) {}
}

export type Operand = Tensor | Scratch;

/** One dispatch as an operation asks for it. */
export interface DispatchRequest {
  kernel: Kernel;
  /** Tile sizes and flags. */
  constants: Record<string, number | string | boolean>;
  /** By the names of the kernel's bindings. */
  bindings: Record<string, Operand>;
  /** By the names of the members of the kernel's `Params`. */
  params?: Record<string, number>;
  /** The number of workgroups; the planner folds it into two dimensions where one is too short. */
  workgroups: number;
  flops: number;
  bytes: number;
  /** True where the kernel writes `finish(…)` values: operations on single elements can then be fused behind it. */
  epilogue?: boolean;
}

/** The planner's side of lowering. */
export interface Lowering {
  readonly target: Target;
  /** Adds a dispatch behind those that the node has asked for already. */
  dispatch(request: DispatchRequest): void;
}
