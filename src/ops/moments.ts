/**
 * Mean and variance of each channel over images and positions, as a tensor [1, C, 2, 1]: two rows that can be placed
 * and read like images. All layers of a dense block that read a channel share its moments.
 */

import { divideUp, elementCount, floatType } from "../graph/layout.ts";
import { type Kernel, Scratch } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { applyInto, type Place, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import mergeSource from "../../kernels/merge_moments.wgsl" with { type: "text" };
import momentsSource from "../../kernels/moments.wgsl" with { type: "text" };
import gradientSource from "../../kernels/moments_gradient.wgsl" with { type: "text" };
import { channelRows, images, optional } from "./inputs.ts";
import { columnTiles, positionCount, splitPositions } from "./split_sums.ts";
import {
  floatOf,
  imageExtents,
  notDifferentiable,
  requireType,
  rowParams,
  streamingCost,
} from "./support.ts";

const momentsKernel: Kernel = { name: "moments", source: momentsSource, parts: kernelParts };
const mergeKernel: Kernel = { name: "merge_moments", source: mergeSource, parts: kernelParts };
const gradientKernel: Kernel = { name: "moments_gradient", source: gradientSource, parts: kernelParts };

/** The fewest positions for which a partial sum pays off. */
export const shortestChunk = 512;

const momentsOperation: Operation<undefined> = {
  name: "moments",
  inputs: [images()],
  infer: ([x]) => floatType([1, imageExtents(x!).channels, 2, 1], "channels_last"),
  gradient(node, upstream, [sum]) {
    const inputs = [upstream, node.inputs[0]!, node, ...(sum ? [sum] : [])];
    const place = sum && { host: sum, channel: 0 };
    return [applyInto(momentsGradientOperation, inputs, undefined, place)];
  },
  lower(node, lowering) {
    const x = node.inputs[0]!;
    const { positions, quads, chunk, parts, column_tiles, tiles } = splitPositions(
      x,
      lowering.target,
      shortestChunk,
    );
    const LINES = lowering.target.summingLines;
    const partial = parts > 1 ? new Scratch(32 * parts * quads, `${node.label} partial`) : undefined;
    lowering.dispatch({
      kernel: momentsKernel,
      constants: { LINES, PARTIAL: parts > 1 },
      bindings: { x, y: partial ?? node },
      params: {
        positions,
        quads,
        chunk,
        column_tiles,
        tiles,
        ...rowParams({ x }),
        ...(partial ? { y_row: quads, y_first: 0 } : rowParams({ y: node })),
      },
      workgroups: tiles,
      ...node.operation.cost(node),
    });
    if (!partial) return;
    lowering.dispatch({
      kernel: mergeKernel,
      constants: { LINES },
      bindings: { x: partial, y: node },
      params: { positions, quads, chunk, parts, ...rowParams({ y: node }) },
      workgroups: columnTiles(quads),
      flops: 40 * parts * quads,
      bytes: partial.bytes,
    });
  },
  reference([x], node) {
    const { images, channels, height, width } = imageExtents(node.inputs[0]!.type);
    const pixels = height * width;
    const count = images * pixels;
    const result = new Float64Array(2 * channels);
    for (let channel = 0; channel < channels; channel++) {
      const values = channelValues(x!, channel, images, channels, pixels);
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      result[2 * channel] = mean;
      result[2 * channel + 1] = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    }
    return result;
  },
  cost: (node) => ({ ...streamingCost(node, 0), flops: 4 * elementCount(node.inputs[0]!.shape) }),
};

function channelValues(x: Float64Array, channel: number, images: number, channels: number, pixels: number) {
  const values = new Float64Array(images * pixels);
  for (let image = 0; image < images; image++) {
    const at = (image * channels + channel) * pixels;
    values.set(x.subarray(at, at + pixels), image * pixels);
  }
  return values;
}

/**
 * Inputs (upstream, x, moments[, sum]): (∂mean + 2·(x − mean)·∂variance) / N, added to `sum` in place if it is given.
 */
const momentsGradientOperation: Operation<undefined> = {
  name: "moments_gradient",
  inputs: [channelRows("upstream gradient"), images(), channelRows("moments"), optional(images("sum"))],
  infer([upstream, x, moments, sum]) {
    const record = [1, imageExtents(x!).channels, 2, 1];
    requireType("moments_gradient", "upstream gradient", upstream!, record);
    requireType("moments_gradient", "moments", moments!, record);
    if (sum) requireType("moments_gradient", "sum", sum, x!.shape, floatOf(x!));
    return x!;
  },
  gradient: notDifferentiable("moments_gradient"),
  lower(node, lowering) {
    const [upstream, x, statistics, sum] = node.inputs as [Tensor, Tensor, Tensor, Tensor?];
    const positions = positionCount(x);
    const quads = divideUp(x.shape[1]!, 4);
    lowering.dispatch({
      kernel: gradientKernel,
      constants: { ADD: sum !== undefined },
      bindings: { d: upstream, x, m: statistics, y: node },
      params: {
        positions,
        quads,
        ...rowParams({ x, y: node, d: upstream, m: statistics }),
        factor: 1 / positions,
      },
      workgroups: divideUp(positions * quads, 64),
      ...node.operation.cost(node),
    });
  },
  reference([upstream, x, statistics, sum], node) {
    const { images, channels, height, width } = imageExtents(node.type);
    const pixels = height * width;
    return x!.map((value, index) => {
      const channel = Math.floor(index / pixels) % channels;
      const deviation = value - statistics![2 * channel]!;
      const own = upstream![2 * channel]! + 2 * deviation * upstream![2 * channel + 1]!;
      return (sum?.[index] ?? 0) + own / (images * pixels);
    });
  },
  updates: () => [],
  cost: (node) => streamingCost(node, 4),
};

/**
 * The mean and the biased variance of each channel over images and positions: x [B, C, H, W] to [1, C, 2, 1], float32.
 *
 * The result can be placed `into` a part of another tensor.
 *
 * @throws {RangeError} if x is not channels_last
 */
export function moments(x: Tensor, into?: Place): Tensor {
  return applyInto(momentsOperation, [x], undefined, into);
}

export { momentsGradientOperation, momentsOperation };
