/**
 * The gradient of a convolution's weight: for each tap, the sum of input times upstream gradient over images and
 * positions.
 */

import { elementCount, floatType } from "../../graph/layout.ts";
import type { Operation } from "../../graph/operation.ts";
import { apply, type Tensor } from "../../graph/tensor.ts";
import { floatOf, imageExtents, notDifferentiable, productCost, requireType } from "../support.ts";
import { weightGradientTunable } from "./variants.ts";
import type { WeightGradientRequest } from "./weight_gradient_product.ts";
import { convolvedSize, forEachTap, type Window } from "./window.ts";
import { images } from "../inputs.ts";

interface Attributes extends Window {
  /** [height, width]. */
  kernel: readonly number[];
}

function requestOf(node: Tensor): WeightGradientRequest {
  const [x, upstream] = node.inputs as [Tensor, Tensor];
  const { kernel, ...window } = node.attributes as Attributes;
  const [input, output] = [imageExtents(x.type), imageExtents(upstream.type)];
  return { node, x, upstream, input, output, kernel, window };
}

const conv2dWeightGradientOperation: Operation<Attributes> = {
  name: "conv2d_weight_gradient",
  inputs: [images(), images("upstream gradient")],
  infer([x, upstream], attributes) {
    const { kernel } = attributes;
    const input = imageExtents(x!);
    const output = imageExtents(upstream!);
    const expected = [input.images, output.channels, ...convolvedSize(input, kernel, attributes)];
    requireType("conv2d_weight_gradient", "upstream gradient", upstream!, expected, floatOf(x!));
    return floatType([output.channels, input.channels, kernel[0]!, kernel[1]!], "taps_first");
  },
  gradient: notDifferentiable("conv2d_weight_gradient"),
  lower: (node, lowering) => lowering.choose(weightGradientTunable(requestOf(node), lowering.target)),
  reference([x, upstream], node) {
    const [input, output] = [
      imageExtents(node.inputs[0]!.type),
      imageExtents(node.inputs[1]!.type),
    ];
    const { kernel } = node.attributes as Attributes;
    const [inPixels, outPixels, taps] = [
      input.height * input.width,
      output.height * output.width,
      elementCount(kernel),
    ];
    const gradient = new Float64Array(elementCount(node.shape));
    for (let n = 0; n < input.images; n++) {
      for (let o = 0; o < output.channels; o++) {
        for (let i = 0; i < input.channels; i++) {
          const from = (n * input.channels + i) * inPixels;
          const at = (n * output.channels + o) * outPixels;
          const row = (o * input.channels + i) * taps;
          forEachTap(input, output, kernel, node.attributes, (inAt, outAt, tap) => {
            gradient[row + tap]! += x![from + inAt]! * upstream![at + outAt]!;
          });
        }
      }
    }
    return gradient;
  },
  cost: (node) => productCost(node, elementCount(node.inputs[1]!.shape) * elementCount(node.shape.slice(1))),
};

/**
 * The weight gradient [out, in, kh, kw] of a convolution of x [N, in, H, W] with the upstream gradient [N, out, H',
 * W']. `kernel` is [kh, kw].
 *
 * @throws {RangeError} if the shapes do not fit together.
 */
export function conv2dWeightGradient(
  x: Tensor,
  upstream: Tensor,
  kernel: readonly number[],
  window: Window,
): Tensor {
  const { stride, padding, dilation } = window;
  return apply(conv2dWeightGradientOperation, [x, upstream], { stride, padding, dilation, kernel });
}

export { conv2dWeightGradientOperation };
