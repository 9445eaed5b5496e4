/** What an operation says to have itself computed: kernels, bindings, grids. Plain data, nothing of a GPU. */

import type { Tensor } from "./tensor.ts";

/** A kernel family: its WGSL and the name by which tables and errors call it. */
export interface Kernel {
  name: string;
  source: string;
  /** The WGSL that the source can include by `//: use NAME`, by name. */
  parts?: Readonly<Record<string, string>>;
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
  /** The threads that share a channel's sum in a workgroup; there are eight times as many in all. */
  summingLines: number;
  maxWorkgroupsPerDimension: number;
  maxInvocations: number;
  maxStorageBuffers: number;
  /** The largest buffer that can be bound, in bytes. */
  maxBindingBytes: number;
  uniformAlignment: number;
  storageAlignment: number;
  /** The variants that were found to be the fastest, by class of shapes; see {@linkcode Tunable}. */
  choices: { get(shapeClass: string): string | undefined };
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

/** One of several ways to compute the same node. */
export interface Variant {
  /** What tables, the tuner's memory and checkpoints call it. */
  name: string;
  lower(lowering: Lowering): void;
}

/** Which variant is the fastest for the nodes of one class of shapes? Only measuring on the adapter tells. */
export interface Tunable {
  /** The operation and its shapes, in words: nodes of one class get the same answer. */
  shapeClass: string;
  /** A node of the class. */
  node: Tensor;
  /** The first is taken where nothing was measured; the last is the simplest, which the others are checked against. */
  variants: readonly Variant[];
}

/** The variant that the target's choices name, else the first. */
export function chosenVariant({ shapeClass, variants }: Tunable, { choices }: Target): Variant {
  const name = choices.get(shapeClass);
  return variants.find((variant) => variant.name === name) ?? variants[0]!;
}

/** The planner's side of lowering. */
export interface Lowering {
  readonly target: Target;
  /** Adds a dispatch behind those that the node has asked for already. */
  dispatch(request: DispatchRequest): void;
  /** Lowers by one of several variants. */
  choose(tunable: Tunable): void;
}
