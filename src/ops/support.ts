/** What the operations' records share: checks of shapes, extents, kernel parameters, costs. */

import {
  type DataType,
  divideUp,
  elementCount,
  type FloatType,
  type Shape,
  storedBytes,
  storedCount,
  type TensorType,
} from "../graph/layout.ts";
import type { Cost } from "../graph/operation.ts";
import type { Tensor } from "../graph/tensor.ts";

/** An image tensor's extents. */
export interface ImageShape {
  images: number;
  channels: number;
  height: number;
  width: number;
}

/** The extents of images [B, C, H, W], whose number of axes the operation's rules have checked. */
export function imageExtents({ shape }: TensorType): ImageShape {
  const [images, channels, height, width] = shape as [number, number, number, number];
  return { images, channels, height, width };
}

/**
 * Where the rows of an image tensor lie, a row being the channels of one position: `row` is the distance between rows
 * and `first` the start of the first row, both in quads. A tensor placed in another one has that one's rows.
 */
export function rows(tensor: Tensor): { row: number; first: number } {
  let first = 0;
  let host = tensor;
  for (; host.place; host = host.place.host) first += host.place.channel / 4;
  return { row: divideUp(host.shape[1]!, 4), first };
}

/** The kernels' Params for {@linkcode rows}: `x_row` and `x_first` for a tensor called `x`. */
export function rowParams(tensors: Readonly<Record<string, Tensor>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      const { row, first } = rows(tensor);
      return [[`${name}_row`, row], [`${name}_first`, first]];
    }),
  );
}

/** The float type of a tensor of floats. */
export function floatOf({ dtype }: TensorType): FloatType {
  return dtype === "f16" ? "f16" : "f32";
}

/** The number of quads that a tensor takes in memory. */
export function quadCount(tensor: Tensor): number {
  return storedCount(tensor.type) / 4;
}

/**
 * Checks that two inputs are alike.
 *
 * @throws {RangeError} if they differ in shape, layout or element type
 */
export function requireSameType(operation: string, first: TensorType, second: TensorType): void {
  const [one, other] = [first, second].map(({ shape, layout, dtype }) => `${dtype} [${shape}] ${layout}`);
  if (one !== other) {
    throw new RangeError(
      `Cannot run ${operation} as the inputs must have one shape, layout and element type: ${one} and ${other}`,
    );
  }
}

/**
 * Checks the shape and element type of an input, which the message calls `what`.
 *
 * @throws {RangeError} if either is not the expected one
 */
export function requireType(
  operation: string,
  what: string,
  type: TensorType,
  shape: Shape,
  dtype: DataType = "f32",
): void {
  const [actual, expected] = [`${type.dtype} [${type.shape}]`, `${dtype} [${shape}]`];
  if (actual !== expected) {
    throw new RangeError(`Cannot run ${operation} as the ${what} must be ${expected}: ${actual}`);
  }
}

/**
 * The cost of reading every input and writing the output once, with `flopsPerElement` operations on each output
 * element.
 */
export function streamingCost(node: Tensor, flopsPerElement: number): Cost {
  const bytes = [...node.inputs, node].reduce((sum, tensor) => sum + storedBytes(tensor.type), 0);
  return { flops: flopsPerElement * elementCount(node.shape), bytes };
}

/** The cost of `products` multiply-adds that touch every input and the output once. */
export function productCost(node: Tensor, products: number): Cost {
  const bytes = [...node.inputs, node].reduce((sum, tensor) => sum + storedBytes(tensor.type), 0);
  return { flops: 2 * products, bytes };
}

/** The `gradient` of operations that occur in backward passes and updates only: it throws a `RangeError`. */
export function notDifferentiable(name: string): () => never {
  return () => {
    throw new RangeError(`Cannot differentiate ${name}: it has no gradient`);
  };
}
