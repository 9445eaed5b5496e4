/** Average pooling: the mean of the values under a window that moves over the images, or of whole images. */

import { divideUp, elementCount, floatType, type TensorType } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation } from "../graph/operation.ts";
import { apply, applyInto, type Place, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import globalSource from "../../kernels/global_average_pool2d.wgsl" with { type: "text" };
import gradientSource from "../../kernels/pool2d_gradient.wgsl" with { type: "text" };
import source from "../../kernels/pool2d.wgsl" with { type: "text" };
import { images } from "./inputs.ts";
import {
  type AveragePoolWindow,
  countedParams,
  countedPlaces,
  forEachPooled,
  inferGradient,
  type Pooled,
  pooledType,
  poolParams,
  windowConstants,
} from "./pool_window.ts";
import { columnTiles } from "./split_sums.ts";
import {
  imageExtents,
  type ImageShape,
  notDifferentiable,
  quadCount,
  rowParams,
  streamingCost,
} from "./support.ts";

const kernel: Kernel = { name: "pool2d", source, parts: kernelParts };
const gradientKernel: Kernel = { name: "pool2d_gradient", source: gradientSource, parts: kernelParts };
const globalKernel: Kernel = { name: "global_average_pool2d", source: globalSource, parts: kernelParts };

const averagePool2dOperation: Operation<AveragePoolWindow> = {
  name: "average_pool2d",
  inputs: [images()],
  infer: ([x], window) => pooledType("average_pool2d", x!, window),
  gradient: ({ inputs, attributes }, upstream) => [averagePool2dGradient(inputs[0]!, upstream, attributes)],
  lower(node, lowering) {
    const [x] = node.inputs;
    const input = imageExtents(x!.type);
    lowering.dispatch({
      kernel,
      constants: { ...windowConstants(node.attributes), MAX: false, WINNERS: false },
      bindings: { x: x!, y: node },
      params: {
        ...poolParams(input, imageExtents(node.type), node.attributes),
        ...rowParams({ x: x!, y: node }),
        ...countedParams(input, node.attributes),
      },
      workgroups: divideUp(quadCount(node), 64),
      ...node.operation.cost(node),
    });
  },
  reference([x], node) {
    const window = node.attributes as AveragePoolWindow;
    const y = new Float64Array(elementCount(node.shape));
    forEachPooled(node.inputs[0]!.type, node.type, window, (from, to) => y[to]! += x![from]!);
    const input = imageExtents(node.inputs[0]!.type);
    return y.map((sum, index) => sum / placesAt(input, node.type, window, index));
  },
  cost: (node) => streamingCost(node, elementCount(node.attributes.kernel)),
};

function placesAt(
  input: ImageShape,
  pooled: TensorType,
  window: AveragePoolWindow,
  index: number,
): number {
  const [height, width] = pooled.shape.slice(2) as [number, number];
  return countedPlaces(input, window, Math.floor(index / width) % height, index % width);
}

/** Each upstream value, divided evenly among the places under its window. */
const averagePool2dGradientOperation: Operation<Pooled<AveragePoolWindow>> = {
  name: "average_pool2d_gradient",
  inputs: [images("upstream gradient")],
  infer: ([upstream], attributes) => inferGradient("average_pool2d_gradient", upstream!, attributes),
  gradient: notDifferentiable("average_pool2d_gradient"),
  lower(node, lowering) {
    const [upstream] = node.inputs;
    const input = imageExtents(node.type);
    lowering.dispatch({
      kernel: gradientKernel,
      constants: { ...windowConstants(node.attributes), MAX: false },
      bindings: { x: upstream!, y: node },
      params: {
        ...poolParams(input, imageExtents(upstream!.type), node.attributes),
        ...rowParams({ x: upstream!, y: node }),
        ...countedParams(input, node.attributes),
      },
      workgroups: divideUp(quadCount(node), 64),
      ...node.operation.cost(node),
    });
  },
  reference([upstream], node) {
    const { type } = node.inputs[0]!;
    const input = imageExtents(node.type);
    const y = new Float64Array(elementCount(node.shape));
    forEachPooled(node.type, type, node.attributes, (to, window) => {
      y[to]! += upstream![window]! / placesAt(input, type, node.attributes, window);
    });
    return y;
  },
  cost: (node) => ({
    ...streamingCost(node, 0),
    flops: elementCount(node.inputs[0]!.shape) * elementCount(node.attributes.kernel),
  }),
};

const globalAveragePool2dOperation: Operation<undefined> = {
  name: "global_average_pool2d",
  inputs: [images()],
  infer([x]) {
    const { images, channels } = imageExtents(x!);
    return floatType([images, channels, 1, 1], "channels_last", x!.dtype);
  },
  gradient({ inputs: [x] }, upstream) {
    // The window is as large as the image.
    const { height, width } = imageExtents(x!.type);
    const whole = [height, width] as const;
    return [averagePool2dGradient(x!, upstream, { kernel: whole, stride: whole, padding: [0, 0, 0, 0] })];
  },
  lower(node, lowering) {
    const [x] = node.inputs;
    const { images, channels, height, width } = imageExtents(x!.type);
    const quads = divideUp(channels, 4);
    const column_tiles = columnTiles(quads);
    lowering.dispatch({
      kernel: globalKernel,
      constants: { LINES: lowering.target.summingLines },
      bindings: { x: x!, y: node },
      params: {
        images,
        positions: height * width,
        quads,
        column_tiles,
        ...rowParams({ x: x!, y: node }),
      },
      workgroups: column_tiles * images,
      ...node.operation.cost(node),
    });
  },
  reference([x], node) {
    const positions = x!.length / elementCount(node.shape);
    const sums = new Float64Array(elementCount(node.shape));
    x!.forEach((value, index) => sums[Math.floor(index / positions)]! += value);
    return sums.map((sum) => sum / positions);
  },
  cost: (node) => ({ ...streamingCost(node, 0), flops: elementCount(node.inputs[0]!.shape) }),
};

/**
 * The mean of the values under a window that moves over x [B, C, H, W]: [B, C, H', W'], as torch.nn.AvgPool2d gives it.
 *
 * The result can be placed `into` a part of another tensor.
 *
 * @throws {RangeError} if x is not channels_last, the window is larger than the padded image, or the padding is not
 * smaller than the window
 */
export function averagePool2d(x: Tensor, window: AveragePoolWindow, into?: Place): Tensor {
  return applyInto(averagePool2dOperation, [x], window, into);
}

/**
 * The gradient of {@linkcode averagePool2d} for `x`, of its shape, from the upstream gradient [B, C, H', W'].
 *
 * @throws {RangeError} if the window does not turn x into the shape of `upstream`
 */
export function averagePool2dGradient(x: Tensor, upstream: Tensor, window: AveragePoolWindow): Tensor {
  const { height, width } = imageExtents(x.type);
  return apply(averagePool2dGradientOperation, [upstream], { ...window, size: [height, width] as const });
}

/**
 * The mean of each channel of each image: x [B, C, H, W] to [B, C, 1, 1].
 *
 * The result can be placed `into` a part of another tensor.
 *
 * @throws {RangeError} if x is not channels_last
 */
export function globalAveragePool2d(x: Tensor, into?: Place): Tensor {
  return applyInto(globalAveragePool2dOperation, [x], undefined, into);
}

export { averagePool2dGradientOperation, averagePool2dOperation, globalAveragePool2dOperation };
