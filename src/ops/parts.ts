/**
 * Tensors in one another's memory: results that are written side by side into one workspace, and parts of it that are
 * read without a copy. DenseNet's blocks consist of them.
 */

import { type DataType, elementCount, floatType, type Shape } from "../graph/layout.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { concatOperation, sliceChannelsOperation } from "./channels.ts";
import { images } from "./inputs.ts";
import { imageExtents, notDifferentiable } from "./support.ts";

const workspaceOperation: Operation<{ shape: Shape; dtype: DataType }> = {
  name: "workspace",
  inputs: [],
  infer: (_, { shape, dtype }) => floatType(shape, "channels_last", dtype),
  gradient: () => [],
  lower: () => {},
  reference: (_, node) => new Float64Array(elementCount(node.shape)),
  cost: () => ({ flops: 0, bytes: 0 }),
};

/** Inputs (first, second), which lie side by side in one host: both as one tensor. */
const appendOperation: Operation<undefined> = {
  name: "append",
  inputs: [images("first input"), images("second input")],
  infer([first, second]) {
    const [a, b] = [imageExtents(first!), imageExtents(second!)];
    if (a.images !== b.images || a.height !== b.height || a.width !== b.width || a.channels % 4 !== 0) {
      throw new RangeError(
        `Cannot run append as only channels may differ, the first by quads: [${first!.shape}] and [${
          second!.shape
        }]`,
      );
    }
    return floatType([a.images, a.channels + b.channels, a.height, a.width], "channels_last", first!.dtype);
  },
  gradient({ inputs }, upstream) {
    const [first, second] = inputs as [Tensor, Tensor];
    return [
      narrow(upstream, 0, first.shape[1]!),
      narrow(upstream, first.shape[1]!, second.shape[1]!),
    ];
  },
  lower: () => {},
  reference: concatOperation.reference,
  cost: () => ({ flops: 0, bytes: 0 }),
};

/** Some channels of a tensor, in that tensor's memory. */
const narrowOperation: Operation<{ start: number; count: number }> = {
  name: "narrow",
  inputs: [images()],
  infer([x], { start, count }) {
    const { images, channels, height, width } = imageExtents(x!);
    if (start % 4 !== 0 || start < 0 || count < 1 || start + count > channels) {
      throw new RangeError(
        `Cannot run narrow as channels ${start} to ${start + count} are not quads of ${channels} channels`,
      );
    }
    return floatType([images, count, height, width], "channels_last", x!.dtype);
  },
  gradient: notDifferentiable("narrow"),
  lower: () => {},
  reference: sliceChannelsOperation.reference,
  cost: () => ({ flops: 0, bytes: 0 }),
};

/** Memory for images [B, C, H, W] in which other tensors are placed. It has no value of its own. */
export function workspace(shape: Shape, label: string, dtype: DataType = "f32"): Tensor {
  return apply(workspaceOperation, [], { shape, dtype }, label);
}

/**
 * The channels of both tensors as one tensor [B, C₁ + C₂, H, W], without a copy: they lie side by side in one host.
 *
 * @throws {RangeError} if they do not, if they differ in more than their channels, or if C₁ is not a multiple of four
 */
export function append(first: Tensor, second: Tensor): Tensor {
  const [a, b] = [first.place, second.place];
  if (!a || !b || a.host !== b.host || b.channel !== a.channel + first.shape[1]!) {
    throw new RangeError(`Cannot run append as ${first.label} and ${second.label} do not lie side by side`);
  }
  const node = apply(appendOperation, [first, second], undefined);
  node.place = a;
  return node;
}

/**
 * Channels `start` (a multiple of four) to `start + count` of x [B, C, H, W], in x's own memory. It cannot be
 * differentiated.
 *
 * @throws {RangeError} if `start` is not a multiple of four or x does not have these channels
 */
export function narrow(x: Tensor, start: number, count: number): Tensor {
  const node = apply(narrowOperation, [x], { start, count });
  node.place = { host: x, channel: start };
  return node;
}

export { appendOperation, narrowOperation, workspaceOperation };
