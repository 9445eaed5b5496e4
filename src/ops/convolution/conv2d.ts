/**
 * Convolution and its adjoint, the transposed convolution. Each is the input gradient of the other.
 *
 * conv2d:            y[n, o, oy, ox] = bias[o] + Σ x[n, i, iy, ix] · w[o, i, ky, kx]
 *                    over all i and all positions and taps with iy = oy·stride + ky·dilation − pad, and ix likewise.
 * conv_transpose2d:  y[n, o, oy, ox] = bias[o] + Σ x[n, i, iy, ix] · w[i, o, ky, kx]
 *                    over all i and all positions and taps with oy = iy·stride + ky·dilation − pad, and ox likewise.
 */

import { elementCount, floatType, type TensorType } from "../../graph/layout.ts";
import type { Lowering } from "../../graph/lowering.ts";
import type { Operation, ReferenceValues } from "../../graph/operation.ts";
import { apply, applyInto, type Place, type Tensor } from "../../graph/tensor.ts";
import { channelSum } from "../channel_sum.ts";
import { convolutionWeight, flat, images, optional } from "../inputs.ts";
import { imageExtents, productCost } from "../support.ts";
import { convolutionTunable } from "./variants.ts";
import { conv2dWeightGradient } from "./weight_gradient.ts";
import { convolvedSize, forEachTap, transposedSize, type Window } from "./window.ts";

/** The window of a transposed convolution. */
export interface TransposedWindow extends Window {
  /** [rows, columns] to add to the output; default: [0, 0]. A strided convolution maps several sizes to one. */
  outputPadding?: readonly [number, number];
}

/** The axis of the weight that the input's channels are on: 1 for a convolution, 0 for a transposed one. */
type InputAxis = 0 | 1;

function checkWeight(name: string, weight: TensorType, axis: InputAxis, channels: number): readonly number[] {
  if (weight.shape[axis] !== channels) {
    throw new RangeError(
      `Cannot run ${name} as the weight's in-channels must equal the input's: ${
        weight.shape[axis]
      } != ${channels}`,
    );
  }
  return weight.shape;
}

function inferConvolution(
  name: string,
  [x, weight, bias]: readonly TensorType[],
  axis: InputAxis,
  outputSize: (input: ReturnType<typeof imageExtents>, kernel: readonly number[]) => [number, number],
): TensorType {
  const input = imageExtents(x!);
  const shape = checkWeight(name, weight!, axis, input.channels);
  const channels = shape[1 - axis]!;
  if (weight!.dtype !== x!.dtype) {
    throw new RangeError(
      `Cannot run ${name} as the weight must be ${x!.dtype} like the input: ${weight!.dtype}`,
    );
  }
  if (bias && `${bias.shape}` !== `${channels}`) {
    throw new RangeError(`Cannot run ${name} as the bias must have ${channels} values: [${bias.shape}]`);
  }
  const [height, width] = outputSize(input, shape.slice(2));
  if (height < 1 || width < 1) {
    throw new RangeError(
      `Cannot run ${name} as the window [${shape.slice(2)}] is larger than the padded input [${x!.shape}]`,
    );
  }
  return floatType([input.images, channels, height, width], "channels_last", x!.dtype);
}

function lowerConvolution(node: Tensor, lowering: Lowering, adjoint: boolean): void {
  const [x, weight, bias] = node.inputs;
  const request = {
    node,
    x: x!,
    weight: weight!,
    bias,
    input: imageExtents(x!.type),
    output: imageExtents(node.type),
    kernel: weight!.shape.slice(2),
    window: node.attributes,
    adjoint,
  };
  lowering.choose(convolutionTunable(request, lowering.target));
}

function referenceConvolution(
  [x, weight, bias]: readonly ReferenceValues[],
  node: Tensor,
  adjoint: boolean,
): ReferenceValues {
  const [input, output] = [imageExtents(node.inputs[0]!.type), imageExtents(node.type)];
  const kernel = node.inputs[1]!.shape.slice(2);
  const [inPixels, outPixels, taps] = [
    input.height * input.width,
    output.height * output.width,
    elementCount(kernel),
  ];
  const y = new Float64Array(elementCount(node.shape));
  for (let n = 0; n < input.images; n++) {
    for (let o = 0; o < output.channels; o++) {
      const to = (n * output.channels + o) * outPixels;
      if (bias) y.fill(bias[o]!, to, to + outPixels);
      for (let i = 0; i < input.channels; i++) {
        const from = (n * input.channels + i) * inPixels;
        const row = taps * (adjoint ? i * output.channels + o : o * input.channels + i);
        const add = (inAt: number, outAt: number, tap: number) =>
          y[to + outAt]! += x![from + inAt]! * weight![row + tap]!;
        // A transposed convolution joins the same positions as a convolution from its output to its input.
        if (adjoint) {
          forEachTap(output, input, kernel, node.attributes, (outAt, inAt, tap) => add(inAt, outAt, tap));
        } else forEachTap(input, output, kernel, node.attributes, add);
      }
    }
  }
  return y;
}

const convolutionInputs = [images(), convolutionWeight(), optional(flat("bias"))];

const conv2dOperation: Operation<Window> = {
  name: "conv2d",
  inputs: convolutionInputs,
  infer: (inputs, window) =>
    inferConvolution("conv2d", inputs, 1, (input, kernel) => convolvedSize(input, kernel, window)),
  gradient({ inputs, attributes }, upstream) {
    const [x, weight, bias] = inputs;
    const kernel = weight!.shape.slice(2);
    const input = imageExtents(x!.type);
    const [height, width] = transposedSize(imageExtents(upstream.type), kernel, attributes, [0, 0]);
    const outputPadding: [number, number] = [input.height - height, input.width - width];
    return [
      convTranspose2d(upstream, weight!, { ...attributes, outputPadding }),
      conv2dWeightGradient(x!, upstream, kernel, attributes),
      bias && channelSum(upstream),
    ];
  },
  lower: (node, lowering) => lowerConvolution(node, lowering, false),
  reference: (inputs, node) => referenceConvolution(inputs, node, false),
  cost: (node) => productCost(node, elementCount(node.shape) * elementCount(node.inputs[1]!.shape.slice(1))),
};

const convTranspose2dOperation: Operation<TransposedWindow> = {
  name: "conv_transpose2d",
  inputs: convolutionInputs,
  infer: (inputs, window) =>
    inferConvolution(
      "conv_transpose2d",
      inputs,
      0,
      (input, kernel) => transposedSize(input, kernel, window, window.outputPadding ?? [0, 0]),
    ),
  gradient({ inputs, attributes }, upstream) {
    const [x, weight, bias] = inputs;
    return [
      conv2d(upstream, weight!, attributes),
      conv2dWeightGradient(upstream, x!, weight!.shape.slice(2), attributes),
      bias && channelSum(upstream),
    ];
  },
  lower: (node, lowering) => lowerConvolution(node, lowering, true),
  reference: (inputs, node) => referenceConvolution(inputs, node, true),
  cost: (node) =>
    productCost(node, elementCount(node.inputs[0]!.shape) * elementCount(node.inputs[1]!.shape.slice(1))),
};

/** The options of {@linkcode conv2d}: the window and what is optional. */
export interface ConvolutionOptions extends Window {
  /** [out]; default: no bias. */
  bias?: Tensor;
  /** Default: the operation's name. */
  label?: string;
  /** The rows of another tensor that hold the result; default: memory of its own. */
  into?: Place;
}

/** The options of {@linkcode convTranspose2d}: the window and what is optional. */
export interface TransposedConvolutionOptions extends TransposedWindow {
  /** [out]; default: no bias. */
  bias?: Tensor;
  /** Default: the operation's name. */
  label?: string;
}

/**
 * Convolves images x [N, in, H, W] with a weight [out, in, kh, kw]. The result is [N, out, H', W'].
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../../graph/layout.ts";
 * import { variable } from "../variable.ts";
 * const images = variable(floatType([8, 3, 32, 32], "channels_last"), "images");
 * const weight = variable(floatType([64, 3, 4, 4], "taps_first"), "weight");
 * const y = conv2d(images, weight, { stride: [2, 2], padding: [1, 1, 1, 1] });
 * assertEquals(y.shape, [8, 64, 16, 16]);
 * ```
 *
 * @throws {RangeError} if shapes, layouts or types do not fit together, or the window is larger than the padded images.
 */
export function conv2d(x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor {
  const { bias, label, into, ...window } = options;
  return applyInto(conv2dOperation, bias ? [x, weight, bias] : [x, weight], window, into, label);
}

/**
 * The transposed convolution of images x [N, in, H, W] with a weight [in, out, kh, kw]: the input gradient of a
 * convolution with the same window. The result is [N, out, H', W'].
 *
 * @throws {RangeError} if shapes, layouts or types do not fit together.
 */
export function convTranspose2d(x: Tensor, weight: Tensor, options: TransposedConvolutionOptions): Tensor {
  const { bias, label, ...window } = options;
  return apply(convTranspose2dOperation, bias ? [x, weight, bias] : [x, weight], window, label);
}

export { conv2dOperation, convTranspose2dOperation };
