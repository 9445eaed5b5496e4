/** The interface of an operation: one record with everything about it, so that a missing member does not compile. */

import type { InputRule } from "./inputs.ts";
import type { TensorType } from "./layout.ts";
import type { Tensor } from "./tensor.ts";
import type { Lowering } from "./lowering.ts";

/** Row-major values of one tensor in float64: what references read and return. */
export type ReferenceValues = Float64Array;

/** The arithmetic and the memory traffic of one node, for tables and benchmarks. */
export interface Cost {
  /** Multiplications and additions, each counted as one. */
  flops: number;
  /** Bytes read and written if every operand is touched once. */
  bytes: number;
}

/** Everything about an operation. `Attributes` are its parameters besides tensors, such as a window's stride. */
export interface Operation<Attributes> {
  /** Its name in tables and errors. */
  readonly name: string;
  /** What it accepts as each of its inputs, in their order; {@linkcode apply} checks it before `infer`. */
  readonly inputs: readonly InputRule[];
  /**
   * The output's type.
   *
   * @throws {RangeError | TypeError} if the inputs do not fit; the message begins with the operation's name
   */
  infer(inputs: readonly TensorType[], attributes: Attributes): TensorType;
  /**
   * Makes the nodes of each input's gradient, by other operations; undefined for an input that has none.
   *
   * @param upstream the gradient of the loss with respect to the node
   * @param sums for each input, the gradient summed over its other readers so far, if it may be changed in place.
   * A rule may add its contribution there and return a tensor placed in the sum (see `Place`); any other result is
   * added later
   */
  gradient(
    node: Tensor,
    upstream: Tensor,
    sums: readonly (Tensor | undefined)[],
  ): readonly (Tensor | undefined)[];
  /** Asks for the dispatches that compute the node. */
  lower(node: Tensor, lowering: Lowering): void;
  /** Computes the node in float64, slowly and obviously: tests compare kernels with it. */
  reference(inputs: readonly ReferenceValues[], node: Tensor): ReferenceValues;
  /** The node's arithmetic and memory traffic. */
  cost(node: Tensor): Cost;
  /**
   * The WGSL expression for one quad of the result, given the operands' expressions. Operations that have it can be
   * fused.
   */
  elementwise?(operands: readonly string[], node: Tensor): string;
  /** The inputs whose memory the operation changes in place. Such a node has no value of its own. */
  updates?(node: Tensor): readonly Tensor[];
  /** True if readers may compute the value themselves as they load it. If all of them do, it is never stored. */
  readonly recomputed?: true;
  /** True if the node's memory keeps its values between runs: variables, inputs, constants. */
  readonly persistent?: boolean;
  /** What persistent memory holds before the first run, in the stored layout; by default zeros. */
  initial?(node: Tensor): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | undefined;
}
