/** Max-pooling: the largest value under a window that moves over the images. */

import { divideUp, elementCount, type Shape, storedBytes, type TensorType } from "../graph/layout.ts";
import type { Kernel } from "../graph/lowering.ts";
import type { Operation, ReferenceValues } from "../graph/operation.ts";
import { apply, applyInto, auxiliaryResult, type Place, type Tensor } from "../graph/tensor.ts";
import { kernelParts } from "./kernel_parts.ts";
import gradientSource from "../../kernels/pool2d_gradient.wgsl" with { type: "text" };
import source from "../../kernels/pool2d.wgsl" with { type: "text" };
import { flat, images } from "./inputs.ts";
import {
  forEachPooled,
  inferGradient,
  type Pooled,
  pooledType,
  poolParams,
  type PoolWindow,
  windowConstants,
} from "./pool_window.ts";
import {
  imageExtents,
  notDifferentiable,
  quadCount,
  requireType,
  rowParams,
  streamingCost,
} from "./support.ts";

const kernel: Kernel = { name: "pool2d", source, parts: kernelParts };
const gradientKernel: Kernel = { name: "pool2d_gradient", source: gradientSource, parts: kernelParts };

/** The winner's place in its window is stored in one byte. */
const mostTaps = 256;

/**
 * The largest value of each window and its place in the window: the first of equal values, and any NaN, as in PyTorch.
 */
function maxima(x: ReferenceValues, type: TensorType, pooled: TensorType, window: PoolWindow) {
  const count = elementCount(pooled.shape);
  const [values, taps] = [new Float64Array(count), new Int32Array(count).fill(-1)];
  forEachPooled(type, pooled, window, (inputAt, outputAt, tap) => {
    const value = x[inputAt]!;
    if (taps[outputAt]! >= 0 && !(value > values[outputAt]!) && !Number.isNaN(value)) return;
    values[outputAt] = value;
    taps[outputAt] = tap;
  });
  return { values, taps };
}

/**
 * Where the winner of element `index` of [B, C, H', W'] lies in the numbers [B, H', W', quads], and the factor of its
 * byte.
 */
function winnerByte([, channels, height, width]: Shape, index: number): { at: number; factor: number } {
  const pixels = height! * width!;
  const channel = Math.floor(index / pixels) % channels!;
  const position = Math.floor(index / (pixels * channels!)) * pixels + index % pixels;
  return { at: position * divideUp(channels!, 4) + Math.floor(channel / 4), factor: 256 ** (channel % 4) };
}

/** For the gradient it has an auxiliary result: the winners' places in their windows, four in a number. */
const maxPool2dOperation: Operation<PoolWindow> = {
  name: "max_pool2d",
  inputs: [images()],
  infer([x], window) {
    if (elementCount(window.kernel) > mostTaps) {
      throw new RangeError(
        `Cannot run max_pool2d as the window [${window.kernel}] must have at most ${mostTaps} places`,
      );
    }
    return pooledType("max_pool2d", x!, window);
  },
  gradient: (node, upstream) => [maxPool2dGradient(node, upstream)],
  lower(node, lowering) {
    const [x] = node.inputs;
    const [winners] = node.auxiliary;
    lowering.dispatch({
      kernel,
      constants: { ...windowConstants(node.attributes), MAX: true, WINNERS: winners !== undefined },
      bindings: winners ? { x: x!, y: node, winners } : { x: x!, y: node },
      params: {
        ...poolParams(
          imageExtents(x!.type),
          imageExtents(node.type),
          node.attributes,
        ),
        ...rowParams({ x: x!, y: node }),
      },
      workgroups: divideUp(quadCount(node), 64),
      ...node.operation.cost(node),
    });
  },
  reference: ([x], node) => maxima(x!, node.inputs[0]!.type, node.type, node.attributes).values,
  cost(node) {
    const { flops, bytes } = streamingCost(node, elementCount(node.attributes.kernel));
    return { flops, bytes: node.auxiliary.reduce((sum, { type }) => sum + storedBytes(type), bytes) };
  },
};

/** Inputs (upstream, winners): adds each upstream value at the position that won its window. */
const maxPool2dGradientOperation: Operation<Pooled<PoolWindow>> = {
  name: "max_pool2d_gradient",
  inputs: [images("upstream gradient"), flat("winners", "u32")],
  infer([upstream, winners], attributes) {
    const type = inferGradient("max_pool2d_gradient", upstream!, attributes);
    const { shape } = winnersType(upstream!.shape);
    requireType("max_pool2d_gradient", "winners", winners!, shape, "u32");
    return type;
  },
  gradient: notDifferentiable("max_pool2d_gradient"),
  lower(node, lowering) {
    const [upstream, winners] = node.inputs;
    const output = imageExtents(upstream!.type);
    lowering.dispatch({
      kernel: gradientKernel,
      constants: { ...windowConstants(node.attributes), MAX: true },
      bindings: { x: upstream!, y: node, winners: winners! },
      params: {
        ...poolParams(imageExtents(node.type), output, node.attributes),
        ...rowParams({ x: upstream!, y: node }),
      },
      workgroups: divideUp(quadCount(node), 64),
      ...node.operation.cost(node),
    });
  },
  reference([upstream, winners], node) {
    const { type } = node.inputs[0]!;
    const y = new Float64Array(elementCount(node.shape));
    forEachPooled(node.type, type, node.attributes, (to, window, tap) => {
      const { at, factor } = winnerByte(type.shape, window);
      if (Math.floor(winners![at]! / factor) % 256 === tap) y[to]! += upstream![window]!;
    });
    return y;
  },
  cost: (node) => ({ ...streamingCost(node, 0), flops: elementCount(node.inputs[0]!.shape) }),
};

/**
 * The largest value under a window that moves over x [B, C, H, W]: [B, C, H', W'], as torch.nn.MaxPool2d gives it.
 * Padding never wins.
 *
 * The result can be placed `into` a part of another tensor.
 *
 * @throws {RangeError} if x is not channels_last, the window has more than 256 places or is larger than the padded
 * image, or the padding is not smaller than the window
 */
export function maxPool2d(x: Tensor, window: PoolWindow, into?: Place): Tensor {
  return applyInto(maxPool2dOperation, [x], window, into);
}

/** The type of the winners of a maximum [B, C, H', W']. */
function winnersType([images, channels, height, width]: Shape): TensorType {
  return { shape: [images!, height!, width!, divideUp(channels!, 4)], dtype: "u32", layout: "flat" };
}

/** The tensor that holds the winners of a {@linkcode maxPool2d}: one for all its gradients. */
function winnersOf(pooled: Tensor): Tensor {
  const [known] = pooled.auxiliary;
  if (known) return known;
  const type = winnersType(pooled.shape);
  return auxiliaryResult(pooled, type, `${pooled.label} winners`, ([x]) => {
    const winners = new Float64Array(elementCount(type.shape));
    maxima(x!, pooled.inputs[0]!.type, pooled.type, pooled.attributes).taps.forEach((tap, index) => {
      const { at, factor } = winnerByte(pooled.shape, index);
      winners[at]! += tap * factor;
    });
    return winners;
  });
}

/**
 * The gradient for the input of `pooled`, a result of {@linkcode maxPool2d}, from the upstream gradient [B, C, H', W'].
 *
 * @throws {RangeError} if `upstream` does not have the shape of `pooled`
 */
export function maxPool2dGradient(pooled: Tensor, upstream: Tensor): Tensor {
  const { height, width } = imageExtents(pooled.inputs[0]!.type);
  const attributes = { ...pooled.attributes as PoolWindow, size: [height, width] as const };
  return apply(maxPool2dGradientOperation, [upstream, winnersOf(pooled)], attributes);
}

export { maxPool2dGradientOperation, maxPool2dOperation };
