/** The sum of each channel over images and positions: the gradient of a bias. */

import { elementCount, floatType } from "../graph/layout.ts";
import { type Kernel, Scratch } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import source from "../../kernels/channel_sum.wgsl" with { type: "text" };
import { images } from "./inputs.ts";
import { splitPositions } from "./split_sums.ts";
import { sumPartials } from "./sum_partials.ts";
import { imageExtents, notDifferentiable, streamingCost } from "./support.ts";

const kernel: Kernel = { name: "channel_sum", source, parts: kernelParts };
const shortestChunk = 1024;

const channelSumOperation: Operation<undefined> = {
  name: "channel_sum",
  inputs: [images()],
  infer: ([x]) => floatType([imageExtents(x!).channels]),
  gradient: notDifferentiable("channel_sum"),
  lower(node, lowering) {
    const [x] = node.inputs;
    const { parts, ...shares } = splitPositions(x!, lowering.target, shortestChunk);
    const { quads, tiles } = shares;
    const partial = parts > 1 ? new Scratch(16 * parts * quads, `${node.label} partial`) : undefined;
    lowering.dispatch({
      kernel,
      constants: { LINES: lowering.target.summingLines },
      bindings: { x: x!, y: partial ?? node },
      params: shares,
      workgroups: tiles,
      ...node.operation.cost(node),
    });
    if (partial) sumPartials(lowering, partial, node, parts);
  },
  reference([x], node) {
    const { images, channels, height, width } = imageExtents(node.inputs[0]!.type);
    const pixels = height * width;
    const sums = new Float64Array(channels);
    for (let plane = 0; plane < images * channels; plane++) {
      for (let pixel = 0; pixel < pixels; pixel++) sums[plane % channels]! += x![plane * pixels + pixel]!;
    }
    return sums;
  },
  cost: (node) => ({ ...streamingCost(node, 0), flops: elementCount(node.inputs[0]!.shape) }),
};

/**
 * The sum of each channel over images and positions: x [B, C, H, W] to [C], in float32.
 *
 * @throws {RangeError} if x is not channels_last
 */
export function channelSum(x: Tensor): Tensor {
  return apply(channelSumOperation, [x], undefined);
}

export { channelSumOperation };
