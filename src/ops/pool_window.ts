/** The arithmetic that the pooling operations share: how a window moves, and how many of its places count. */

import { divideUp, floatType, type TensorType } from "../graph/layout.ts";
import { forEachTap } from "./convolution/window.ts";
import { imageExtents, type ImageShape, requireSameType } from "./support.ts";

/** How a pooling window moves. */
export interface PoolWindow {
  /** [height, width]. */
  kernel: readonly [number, number];
  /** [vertical, horizontal]. */
  stride: readonly [number, number];
  /** [top, left, bottom, right], each less than the kernel, so that no window lies in the padding alone. */
  padding: readonly [number, number, number, number];
  /**
   * True to include windows that reach beyond the padded input, if they begin within the input or the padding before
   * it; default: false.
   */
  ceilMode?: boolean;
}

export interface AveragePoolWindow extends PoolWindow {
  /** True if the zeros of the padding count as values of the average; default: true. */
  countIncludePadding?: boolean;
}

/** The output's extent along an axis; PyTorch's pooling_output_shape. */
function pooledExtent(
  extent: number,
  kernel: number,
  stride: number,
  before: number,
  after: number,
  ceilMode: boolean,
): number {
  const steps = (extent + before + after - kernel) / stride;
  if (!ceilMode) return Math.floor(steps) + 1;
  const count = Math.ceil(steps) + 1;
  return (count - 1) * stride >= extent + before ? count - 1 : count;
}

/**
 * The type of the result of pooling images of this type.
 *
 * @throws {RangeError} if the window is larger than the padded images, or the padding is not smaller than the window
 */
export function pooledType(name: string, type: TensorType, window: PoolWindow): TensorType {
  const { images, channels, height, width } = imageExtents(type);
  const { kernel, stride, padding: [top, left, bottom, right], ceilMode = false } = window;
  if (Math.max(top, bottom) >= kernel[0] || Math.max(left, right) >= kernel[1]) {
    throw new RangeError(
      `Cannot run ${name} as the padding [${window.padding}] must be less than the window [${kernel}]`,
    );
  }
  const outHeight = pooledExtent(height, kernel[0], stride[0], top, bottom, ceilMode);
  const outWidth = pooledExtent(width, kernel[1], stride[1], left, right, ceilMode);
  if (outHeight < 1 || outWidth < 1) {
    throw new RangeError(
      `Cannot run ${name} as the window [${kernel}] is larger than the padded input [${type.shape}]`,
    );
  }
  return floatType([images, channels, outHeight, outWidth], "channels_last", type.dtype);
}

/** A gradient's window and the [height, width] of the pooled images. */
export type Pooled<Window> = Window & { size: readonly [number, number] };

/**
 * The type of the gradient for the pooled images.
 *
 * @throws {RangeError} if pooling images of that type does not give the type of `upstream`
 */
export function inferGradient(
  name: string,
  upstream: TensorType,
  { size, ...window }: Pooled<PoolWindow>,
): TensorType {
  const { images, channels } = imageExtents(upstream);
  const type = floatType([images, channels, ...size], "channels_last", upstream.dtype);
  requireSameType(name, pooledType(name, type, window), upstream);
  return type;
}

/** The kernels' constants. They are no Params, because division by a constant is cheap. */
export function windowConstants({ kernel, stride }: PoolWindow) {
  return { KERNEL_HEIGHT: kernel[0], KERNEL_WIDTH: kernel[1], STRIDE_Y: stride[0], STRIDE_X: stride[1] };
}

/** The kernels' Params for a window over `input` that gives `output`. */
export function poolParams(input: ImageShape, output: ImageShape, { padding }: PoolWindow) {
  return {
    images: input.images,
    quads: divideUp(input.channels, 4),
    in_height: input.height,
    in_width: input.width,
    out_height: output.height,
    out_width: output.width,
    pad_y: padding[0],
    pad_x: padding[1],
  };
}

/** The rows and columns of the padded input that an average counts: from `low` up to `high`, which is exclusive. */
export function countedParams({ height, width }: ImageShape, window: AveragePoolWindow) {
  const { padding: [top, left, bottom, right], countIncludePadding = true } = window;
  return countIncludePadding
    ? { low_y: 0, high_y: top + height + bottom, low_x: 0, high_x: left + width + right }
    : { low_y: top, high_y: top + height, low_x: left, high_x: left + width };
}

/** The number of places that the average at an output position counts. */
export function countedPlaces(
  input: ImageShape,
  window: AveragePoolWindow,
  outY: number,
  outX: number,
): number {
  const { low_y, high_y, low_x, high_x } = countedParams(input, window);
  const [y, x] = [outY * window.stride[0], outX * window.stride[1]];
  return (Math.min(y + window.kernel[0], high_y) - Math.max(y, low_y)) *
    (Math.min(x + window.kernel[1], high_x) - Math.max(x, low_x));
}

/**
 * Calls `visit` for each tap of each window that lies inside the image, with indices into the whole tensors and into
 * the window.
 */
export function forEachPooled(
  x: TensorType,
  y: TensorType,
  window: PoolWindow,
  visit: (inputAt: number, outputAt: number, tap: number) => void,
): void {
  const [input, output] = [imageExtents(x), imageExtents(y)];
  const [inPixels, outPixels] = [input.height * input.width, output.height * output.width];
  for (let plane = 0; plane < input.images * input.channels; plane++) {
    forEachTap(input, output, window.kernel, window, (inputPixel, outputPixel, tap) => {
      visit(plane * inPixels + inputPixel, plane * outPixels + outputPixel, tap);
    });
  }
}
