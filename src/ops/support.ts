/** What the operations' records share: checks of shapes, and the shapes of loops that every lowering needs. */

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

/** The four extents of a [B, C, H, W] tensor in the channels-last layout; throws where it is none. */
export function imageShape(operation: string, type: TensorType): ImageShape {
  const [images, channels, height, width] = type.shape;
  if (type.shape.length !== 4 || type.layout !== "channels_last") {
    throw new RangeError(
      `Cannot run ${operation} as its input must be images [B, C, H, W]: [${type.shape}], ${type.layout}`,
    );
  }
  return { images: images!, channels: channels!, height: height!, width: width! };
}

/**
 * How an image tensor's positions follow one another in memory: quads from one to the next, and the quad at which the first
 * begins. They differ from a plain tensor's where the values lie in another tensor's rows.
 */
export function rows(tensor: Tensor): { row: number; first: number } {
  let first = 0;
  let host = tensor;
  for (; host.place; host = host.place.host) first += host.place.channel / 4;
  return { row: divideUp(host.shape[1]!, 4), first };
}

/** The kernels' Params for where image tensors' positions lie in memory: `x_row` and `x_first` for a tensor called `x`. */
export function rowParams(tensors: Readonly<Record<string, Tensor>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => {
      const { row, first } = rows(tensor);
      return [[`${name}_row`, row], [`${name}_first`, first]];
    }),
  );
}

/** How an operation's float inputs are stored, from its first one: the same operation works on both kinds. */
export function floatOf({ dtype }: TensorType): FloatType {
  return dtype === "f16" ? "f16" : "f32";
}

/** The number of quads that a tensor takes in memory. */
export function quadCount(tensor: Tensor): number {
  return storedCount(tensor.type) / 4;
}

/** Throws unless both have the same shape, layout and type of element. */
export function requireSameType(operation: string, first: TensorType, second: TensorType): void {
  const [one, other] = [first, second].map(({ shape, layout, dtype }) => `${dtype} [${shape}] ${layout}`);
  if (one !== other) {
    throw new RangeError(`Cannot run ${operation} as both inputs must have one shape: ${one} and ${other}`);
  }
}

/** Throws unless `what` has the expected shape and element type. */
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

/** The cost of touching every input and the output once, at `flopsPerElement` of the output. */
export function streamingCost(node: Tensor, flopsPerElement: number): Cost {
  const bytes = [...node.inputs, node].reduce((sum, tensor) => sum + storedBytes(tensor.type), 0);
  return { flops: flopsPerElement * elementCount(node.shape), bytes };
}

/** The cost of `products` multiply-adds that touch every input and the output once. */
export function productCost(node: Tensor, products: number): Cost {
  const bytes = [...node.inputs, node].reduce((sum, tensor) => sum + storedBytes(tensor.type), 0);
  return { flops: 2 * products, bytes };
}

/** For operations that only ever stand in a backward pass or an update. */
export function notDifferentiable(name: string): () => never {
  return () => {
    throw new RangeError(`Cannot differentiate ${name}: it has no gradient`);
  };
}
