/** How an operation asks for its kernels, bindings and grids: plain data, independent of WebGPU. */

import type { Tensor } from "./tensor.ts";

/** A family of kernels: its WGSL template, and its name in tables and errors. */
export interface Kernel {
  name: string;
  source: string;
  /** The WGSL that the source can include by `//: use NAME`, by name. */
  parts?: Readonly<Record<string, string>>;
}

/** The properties of an adapter for which a plan is made. */
export interface Target {
  /** The lanes of a subgroup, if all subgroups have that many; 0 if kernels must not use subgroups. */
  subgroupLanes: number;
  /** True if kernels that use subgroups need the line `enable subgroups;`. */
  subgroupsNeedEnable: boolean;
  /** True if memory may hold float16. */
  halves: boolean;
  /** The number of workgroups that keeps the adapter busy: work is split into about this many. */
  parallelWorkgroups: number;
  /** The threads of a workgroup that share one channel's sum. A workgroup sums eight quads of channels. */
  summingLines: number;
  maxWorkgroupsPerDimension: number;
  /** The most threads of a workgroup. */
  maxInvocations: number;
  /** The most storage buffers that one dispatch may bind. */
  maxStorageBuffers: number;
  /** The largest buffer that can be bound, in bytes. */
  maxBindingBytes: number;
  /** Offsets of uniform bindings are multiples of this many bytes. */
  uniformAlignment: number;
  /** Offsets of storage bindings are multiples of this many bytes. */
  storageAlignment: number;
  /** The variants measured to be the fastest, by class of shapes; see {@linkcode Tunable}. */
  choices: { get(shapeClass: string): string | undefined };
}

/** Memory that one node needs while it is computed, such as partial sums. */
export class Scratch {
  constructor(readonly bytes: number, readonly label: string) {}
}

/** What a dispatch may bind. */
export type Operand = Tensor | Scratch;

/** One dispatch that an operation asks for. */
export interface DispatchRequest {
  kernel: Kernel;
  /** Tile sizes and flags, by their names in the template. */
  constants: Record<string, number | string | boolean>;
  /** The operands, by the names of the kernel's bindings. */
  bindings: Record<string, Operand>;
  /** The values of the kernel's `Params`, by member. */
  params?: Record<string, number>;
  /** The number of workgroups. The planner folds it into two dimensions if one is too short. */
  workgroups: number;
  /** Multiplications and additions. */
  flops: number;
  /** Bytes read and written if every operand is touched once. */
  bytes: number;
  /** True if the kernel passes its results through `finish(…)`, so that elementwise operations can be fused into it. */
  epilogue?: boolean;
}

/** One of several ways to compute the same node. */
export interface Variant {
  /** Its name in tables, in the tuner's files and in checkpoints. */
  name: string;
  lower(lowering: Lowering): void;
}

/** A node that several kernel variants can compute. Which is the fastest has to be measured on the adapter. */
export interface Tunable {
  /** The operation and its shapes, in words. All nodes of a class use the same variant. */
  shapeClass: string;
  /** A node of the class. */
  node: Tensor;
  /** The first is the default; the last is the simplest, against whose results the others are checked. */
  variants: readonly Variant[];
}

/** The variant that the target's choices name for the class; by default the first. */
export function chosenVariant({ shapeClass, variants }: Tunable, { choices }: Target): Variant {
  const name = choices.get(shapeClass);
  return variants.find((variant) => variant.name === name) ?? variants[0]!;
}

/** What an operation calls while it lowers a node. */
export interface Lowering {
  readonly target: Target;
  /** Adds a dispatch that runs after those added before. */
  dispatch(request: DispatchRequest): void;
  /** Lowers the node by one of several variants. */
  choose(tunable: Tunable): void;
}
