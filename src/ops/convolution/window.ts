/**
 * Window arithmetic: how the window of a convolution moves, the sizes that result, and which positions each tap joins.
 */

import { divideUp, elementCount, type Shape } from "../../graph/layout.ts";
import type { ImageShape } from "../support.ts";

/** How a convolution's window moves over the input. */
export interface Window {
  /** [vertical, horizontal]. */
  stride: readonly [number, number];
  /** [top, left, bottom, right]. */
  padding: readonly [number, number, number, number];
  /** [vertical, horizontal]; default: [1, 1]. */
  dilation?: readonly [number, number];
}

/** A window that moves by one position, without padding. */
export const pointwise: Window = { stride: [1, 1], padding: [0, 0, 0, 0] };

/** The window with the default dilation inserted. */
export function windowOf({ stride, padding, dilation = [1, 1] }: Window) {
  return { stride, padding, dilation };
}

/** True if each output position reads exactly the input position with the same coordinates. */
export function isPointwise(kernel: Shape, { stride, padding }: Window): boolean {
  return elementCount(kernel) === 1 && Math.max(...stride) === 1 && Math.max(...padding) === 0;
}

/**
 * [height, width] of a convolution's output.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const input = { images: 1, channels: 3, height: 32, width: 48 };
 * assertEquals(convolvedSize(input, [4, 4], { stride: [2, 2], padding: [1, 1, 1, 1] }), [16, 24]);
 * ```
 */
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

/** The members of the kernels' Params that describe the window. */
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

/** The members of the kernels' Params that describe the images on both sides. */
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

/**
 * Calls `visit` for each pair of an input and an output position that a tap joins, padding left out. Positions and taps
 * are indices in row-major order.
 */
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
