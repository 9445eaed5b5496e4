/** The arithmetic that convolution, its transpose and its weight gradient share. */

import { divideUp, roundUp, type Shape, storedBytes } from "../../graph/layout.ts";
import type { Target } from "../../graph/lowering.ts";
import type { Cost } from "../../graph/operation.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { ImageShape } from "../support.ts";

/** How a convolution's window moves. */
export interface Window {
  /** [vertical, horizontal]. */
  stride: readonly [number, number];
  /** [top, left, bottom, right]. */
  padding: readonly [number, number, number, number];
  dilation?: readonly [number, number];
}

/** The window with its dilation filled in. */
export function windowOf({ stride, padding, dilation = [1, 1] }: Window) {
  return { stride, padding, dilation };
}

/** [height, width] of a convolution's output. */
export function convolvedSize(
  { height, width }: ImageShape,
  kernel: Shape,
  window: Window,
): [number, number] {
  const { stride, padding: [top, left, bottom, right], dilation } = windowOf(window);
  const size = (extent: number, before: number, after: number, axis: 0 | 1) =>
    Math.floor((extent + before + after - dilation[axis] * (kernel[axis]! - 1) - 1) / stride[axis]) + 1;
  return [size(height, top, bottom, 0), size(width, left, right, 1)];
}

/** [height, width] of a transposed convolution's output. */
export function transposedSize(
  { height, width }: ImageShape,
  kernel: Shape,
  window: Window,
  outputPadding: readonly [number, number],
): [number, number] {
  const { stride, padding: [top, left, bottom, right], dilation } = windowOf(window);
  const size = (extent: number, padding: number, axis: 0 | 1) =>
    (extent - 1) * stride[axis] - padding + dilation[axis] * (kernel[axis]! - 1) + outputPadding[axis] + 1;
  return [size(height, top + bottom, 0), size(width, left + right, 1)];
}

/** The kernels' Params that describe the window. */
export function windowParams(kernel: Shape, window: Window) {
  const { stride, padding, dilation } = windowOf(window);
  return {
    kernel_height: kernel[0]!,
    kernel_width: kernel[1]!,
    stride_y: stride[0],
    stride_x: stride[1],
    pad_y: padding[0],
    pad_x: padding[1],
    dilation_y: dilation[0],
    dilation_x: dilation[1],
  };
}

/** The kernels' Params that describe the images on both sides. */
export function imageParams(input: ImageShape, output: ImageShape) {
  return {
    images: input.images,
    in_height: input.height,
    in_width: input.width,
    in_quads: divideUp(input.channels, 4),
    out_height: output.height,
    out_width: output.width,
    out_quads: divideUp(output.channels, 4),
  };
}

/** Calls `visit` for each tap that lies inside the input: (input position, output position, tap), as indices into their images. */
export function forEachTap(
  input: ImageShape,
  output: ImageShape,
  kernel: Shape,
  window: Window,
  visit: (inputPixel: number, outputPixel: number, tap: number) => void,
): void {
  const { stride, padding, dilation } = windowOf(window);
  for (let oy = 0; oy < output.height; oy++) {
    for (let ox = 0; ox < output.width; ox++) {
      for (let ky = 0; ky < kernel[0]!; ky++) {
        for (let kx = 0; kx < kernel[1]!; kx++) {
          const iy = oy * stride[0] + ky * dilation[0] - padding[0];
          const ix = ox * stride[1] + kx * dilation[1] - padding[1];
          if (iy < 0 || ix < 0 || iy >= input.height || ix >= input.width) continue;
          visit(iy * input.width + ix, oy * output.width + ox, ky * kernel[1]! + kx);
        }
      }
    }
  }
}

/** More channels than this are of one class with those up to the next multiple: a dense block has them in every number. */
const channelStep = 128;

/** Operation, window and shapes in words. Batches and many channels of about one size, and all paddings, are of one class. */
export function shapeClassOf(
  { operation, inputs }: Tensor,
  kernel: Shape,
  window: Window,
  input: ImageShape,
  output: ImageShape,
): string {
  const { stride, dilation } = windowOf(window);
  const about = (channels: number) =>
    channels > channelStep ? `≤${roundUp(channels, channelStep)}` : `${channels}`;
  const extents = ({ channels, height, width }: ImageShape) => `${about(channels)}×${height}×${width}`;
  const images = 2 ** Math.ceil(Math.log2(input.images));
  const spread = Math.max(...dilation) > 1 ? ` dilation ${dilation.join("×")}` : "";
  const halves = inputs[0]!.dtype === "f16" ? " f16" : "";
  return `${operation.name}${halves} ${kernel.join("×")} stride ${stride.join("×")}${spread}, ${
    extents(input)
  } → ${extents(output)}, ${images} images`;
}

/** The number of chunks into which a sum over `length` is split, so that `tiles` · chunks keep the adapter busy. */
export function splitCount(target: Target, tiles: number, length: number, shortest: number): number {
  const wanted = Math.floor(target.parallelWorkgroups / tiles);
  return Math.max(1, Math.min(wanted, Math.floor(length / shortest)));
}

/** Two operations a product, and every operand's bytes once. */
export function convolutionCost(node: Tensor, products: number): Cost {
  return {
    flops: 2 * products,
    bytes: [...node.inputs, node].reduce((sum, { type }) => sum + storedBytes(type), 0),
  };
}
