/** Operations that move channels and compute nothing: changing the layout, concatenating, slicing. */

import { divideUp, elementBytes, elementCount, floatType, roundUp } from "../graph/layout.ts";
import type { Kernel, Lowering } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import copySource from "../../kernels/copy_channels.wgsl" with { type: "text" };
import lastSource from "../../kernels/channels_last.wgsl" with { type: "text" };
import { images, repeated } from "./inputs.ts";
import { imageExtents, notDifferentiable, quadCount, rows, streamingCost } from "./support.ts";

const copyKernel: Kernel = { name: "copy_channels", source: copySource, parts: kernelParts };
const lastKernel: Kernel = { name: "channels_last", source: lastSource, parts: kernelParts };

/** A part of a batch: images `start` to `start + count`. */
export interface ImageRange {
  start: number;
  count: number;
}

const channelsLastOperation: Operation<ImageRange> = {
  name: "channels_last",
  inputs: [{ name: "input", layouts: ["flat"], axes: ["B", "C", "H", "W"], dtypes: ["f32", "f16"] }],
  infer([x], { start, count }) {
    const [images, ...rest] = x!.shape as [number, ...number[]];
    if (start < 0 || count < 1 || start + count > images) {
      throw new RangeError(
        `Cannot run channels_last as images ${start} to ${start + count} are not within ${images}`,
      );
    }
    return floatType([count, ...rest], "channels_last", x!.dtype);
  },
  gradient: notDifferentiable("channels_last"),
  lower(node, lowering) {
    const { images, channels, height, width } = imageExtents(node.type);
    lowering.dispatch({
      kernel: lastKernel,
      constants: {},
      bindings: { x: node.inputs[0]!, y: node },
      params: {
        images,
        channels,
        pixels: height * width,
        quads: divideUp(channels, 4),
        start: node.attributes.start,
      },
      workgroups: divideUp(quadCount(node), 64),
      ...node.operation.cost(node),
    });
  },
  reference([x], node) {
    const length = x!.length / node.inputs[0]!.shape[0]!;
    const { start, count } = node.attributes;
    return x!.slice(start * length, (start + count) * length);
  },
  cost: (node) => streamingCost(node, 0),
};

/** A copy of `count` channels. `written` channels from `first` on are written; those outside the copy become zero. */
interface Copy {
  from_channel: number;
  to_channel: number;
  count: number;
  first: number;
  written: number;
}

function dispatchCopy(lowering: Lowering, x: Tensor, node: Tensor, copy: Copy): void {
  const { images, height, width } = imageExtents(node.type);
  const positions = images * height * width;
  const [source, result] = [rows(x), rows(node)];
  lowering.dispatch({
    kernel: copyKernel,
    constants: {},
    bindings: { x, y: node },
    params: {
      positions,
      ...copy,
      in_channels: 4 * source.row,
      out_channels: 4 * result.row,
      from_channel: 4 * source.first + copy.from_channel,
    },
    workgroups: divideUp(positions * copy.written, 64),
    flops: 0,
    bytes: elementBytes(node.dtype) * positions * (copy.count + copy.written),
  });
}

const concatOperation: Operation<undefined> = {
  name: "concat",
  inputs: [images("first input"), repeated(images("further inputs"))],
  infer(inputs) {
    const shapes = inputs.map((input) => imageExtents(input));
    const [first] = shapes;
    for (const shape of shapes) {
      if (shape.images !== first!.images || shape.height !== first!.height || shape.width !== first!.width) {
        throw new RangeError(
          `Cannot run concat as only channels may differ: ${
            inputs.map(({ shape }) => `[${shape}]`).join(" and ")
          }`,
        );
      }
    }
    const { dtype } = inputs[0]!;
    const other = inputs.find((input) => input.dtype !== dtype);
    if (other) {
      throw new RangeError(
        `Cannot run concat as its inputs must have one element type: ${dtype} and ${other.dtype}`,
      );
    }
    const channels = shapes.reduce((sum, shape) => sum + shape.channels, 0);
    return floatType([first!.images, channels, first!.height, first!.width], "channels_last", dtype);
  },
  gradient({ inputs }, upstream) {
    let start = 0;
    return inputs.map(({ shape }) => {
      const count = shape[1]!;
      start += count;
      return sliceChannels(upstream, start - count, count);
    });
  },
  lower(node, lowering) {
    let first = 0;
    for (const [index, input] of node.inputs.entries()) {
      const count = input.shape[1]!;
      const isLast = index === node.inputs.length - 1;
      const written = isLast ? roundUp(first + count, 4) - first : count;
      dispatchCopy(lowering, input, node, { from_channel: 0, to_channel: first, count, first, written });
      first += count;
    }
  },
  reference(inputs, node) {
    const y = new Float64Array(elementCount(node.shape));
    const [images, , height, width] = node.shape as [number, number, number, number];
    let at = 0;
    for (let image = 0; image < images; image++) {
      inputs.forEach((input, index) => {
        const length = node.inputs[index]!.shape[1]! * height * width;
        y.set(input.subarray(image * length, (image + 1) * length), at);
        at += length;
      });
    }
    return y;
  },
  cost: (node) => streamingCost(node, 0),
};

const sliceChannelsOperation: Operation<{ start: number; count: number }> = {
  name: "slice_channels",
  inputs: [images()],
  infer([x], { start, count }) {
    const { images, channels, height, width } = imageExtents(x!);
    if (start < 0 || count < 1 || start + count > channels) {
      throw new RangeError(
        `Cannot run slice_channels as channels ${start} to ${start + count} are not within ${channels}`,
      );
    }
    return floatType([images, count, height, width], "channels_last", x!.dtype);
  },
  gradient: (
    { inputs, attributes },
    upstream,
  ) => [
    apply(placeChannelsOperation, [upstream], { start: attributes.start, channels: inputs[0]!.shape[1]! }),
  ],
  lower(node, lowering) {
    const { start, count } = node.attributes;
    dispatchCopy(lowering, node.inputs[0]!, node, {
      from_channel: start,
      to_channel: 0,
      count,
      first: 0,
      written: roundUp(count, 4),
    });
  },
  reference([x], node) {
    const { start, count } = node.attributes;
    const [images, channels, height, width] = node.inputs[0]!.shape as [number, number, number, number];
    const pixels = height * width;
    const y = new Float64Array(elementCount(node.shape));
    for (let image = 0; image < images; image++) {
      const from = (image * channels + start) * pixels;
      y.set(x!.subarray(from, from + count * pixels), image * count * pixels);
    }
    return y;
  },
  cost: (node) => streamingCost(node, 0),
};

/** A slice at its place among zeros: the gradient of a slice. */
const placeChannelsOperation: Operation<{ start: number; channels: number }> = {
  name: "place_channels",
  inputs: [images()],
  infer([x], { start, channels }) {
    const { images, channels: count, height, width } = imageExtents(x!);
    if (start < 0 || start + count > channels) {
      throw new RangeError(
        `Cannot run place_channels as channels ${start} to ${start + count} are not within ${channels}`,
      );
    }
    return floatType([images, channels, height, width], "channels_last", x!.dtype);
  },
  gradient: (
    { inputs, attributes },
    upstream,
  ) => [sliceChannels(upstream, attributes.start, inputs[0]!.shape[1]!)],
  lower(node, lowering) {
    const { start, channels } = node.attributes;
    const count = node.inputs[0]!.shape[1]!;
    dispatchCopy(lowering, node.inputs[0]!, node, {
      from_channel: 0,
      to_channel: start,
      count,
      first: 0,
      written: roundUp(channels, 4),
    });
  },
  reference([x], node) {
    const [images, channels, height, width] = node.shape as [number, number, number, number];
    const pixels = height * width;
    const length = node.inputs[0]!.shape[1]! * pixels;
    const y = new Float64Array(elementCount(node.shape));
    for (let image = 0; image < images; image++) {
      y.set(
        x!.subarray(image * length, (image + 1) * length),
        (image * channels + node.attributes.start) * pixels,
      );
    }
    return y;
  },
  cost: (node) => streamingCost(node, 0),
};

/**
 * Brings images [B, C, H, W] from the layout `flat`, in which files store them, to `channels_last`, which all other
 * operations expect: the whole batch by default, or `range` of it.
 *
 * @throws {RangeError} if x is not flat with four axes, or the range lies outside the batch
 */
export function channelsLast(x: Tensor, range: ImageRange = { start: 0, count: x.shape[0]! }): Tensor {
  return apply(channelsLastOperation, [x], range);
}

/**
 * Joins images along their channels: [B, C₁, H, W], [B, C₂, H, W], … to [B, C₁ + C₂ + …, H, W].
 *
 * @throws {RangeError} if there is no input, or inputs differ in more than their channels
 */
export function concat(inputs: readonly Tensor[]): Tensor {
  return apply(concatOperation, inputs, undefined);
}

/**
 * Copies channels `start` to `start + count` of x [B, C, H, W]; the end is exclusive. See {@linkcode narrow} for a
 * slice without a copy.
 *
 * @throws {RangeError} if x is not channels_last or does not have these channels
 */
export function sliceChannels(x: Tensor, start: number, count: number): Tensor {
  return apply(sliceChannelsOperation, [x], { start, count });
}

export { channelsLastOperation, concatOperation, placeChannelsOperation, sliceChannelsOperation };
