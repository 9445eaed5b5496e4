/** What an operation is: everything about it in one record, so that a missing member does not compile. */

import type { InputRule } from "./inputs.ts";
import type { TensorType } from "./layout.ts";
import type { Tensor } from "./tensor.ts";
import type { Lowering } from "./lowering.ts";

/** Row-major values of one tensor in float64, as the references take and give them. */
export type ReferenceValues = Float64Array;

/** Work and traffic of one node, for tables and benchmarks. */
export interface Cost {
  /** Multiplications and additions, each counted as one. */
  flops: number;
  /** Bytes read and written if every operand is touched once. */
  bytes: number;
}

export interface Operation<Attributes> {
  readonly name: string;
  /** What it accepts as each of its inputs, in their order; {@linkcode apply} checks it before `infer`. */
  readonly inputs: readonly InputRule[];
  /** The output's type; throws an error that begins with the operation's name where the inputs do not fit. */
  infer(inputs: readonly TensorType[], attributes: Attributes): TensorType;
  /**
   * The gradient for each input, in terms of other operations; undefined where none flows. `sums` are the gradients that
   * other readers of the inputs have given so far, where they may be changed: a result that lies in the place of one has been
   * added to it; any other is added to it afterwards.
   */
  gradient(
    node: Tensor,
    upstream: Tensor,
    sums: readonly (Tensor | undefined)[],
  ): readonly (Tensor | undefined)[];
  /** Which kernels compute the node, and over which grid. */
  lower(node: Tensor, lowering: Lowering): void;
  /** Slow and obvious, in float64: the oracle. */
  reference(inputs: readonly ReferenceValues[], node: Tensor): ReferenceValues;
  cost(node: Tensor): Cost;
  /** For operations of one element at a time: the WGSL expression over the operands' names, so that they can fuse. */
  elementwise?(operands: readonly string[], node: Tensor): string;
  /** The inputs whose memory the operation changes in place: the node then stands for the change and is kept. */
  updates?(node: Tensor): readonly Tensor[];
  /** True where readers may compute the value for themselves as they load it: if all of them do, it is never stored. */
  readonly recomputed?: true;
  /** True where the node's memory is there before the first step and stays: variables, inputs, constants. */
  readonly persistent?: boolean;
  /** What persistent memory holds before the first step, in the stored layout; zeros where this is missing. */
  initial?(node: Tensor): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | undefined;
}
