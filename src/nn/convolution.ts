/** Convolution layers: they own their weights and give a tensor for a tensor. */

import { floatType } from "../graph/layout.ts";
import type { Place, Tensor } from "../graph/tensor.ts";
import { conv2d, convTranspose2d } from "../ops/convolution/conv2d.ts";
import type { Window } from "../ops/convolution/window.ts";
import { kaimingInitialiser, type ParameterSet, uniformInitialiser } from "./parameters.ts";

/** A layer: from a tensor to a tensor. */
export type Layer = (x: Tensor) => Tensor;

interface ConvolutionOptions {
  input: number;
  output: number;
  /** Square kernels, strides and paddings. */
  kernel: number;
  stride?: number;
  padding?: number;
}

function window({ stride = 1, padding = 0 }: ConvolutionOptions): Window {
  return { stride: [stride, stride], padding: [padding, padding, padding, padding] };
}

/** A convolution with bias; keys `{key}.weight` [output, input, kernel, kernel] and `{key}.bias` [output]. */
export function convolutionLayer(set: ParameterSet, key: string, options: ConvolutionOptions): Layer {
  const { input, output, kernel } = options;
  const initialise = uniformInitialiser(input * kernel * kernel);
  const weight = set.parameter(
    `${key}.weight`,
    floatType([output, input, kernel, kernel], "taps_first"),
    initialise,
  );
  const bias = set.parameter(`${key}.bias`, floatType([output]), initialise);
  return (x) => conv2d(x, set.matching(x, weight), { ...window(options), bias, label: key });
}

/** A convolution without bias, whose result may lie in another tensor's rows; key `{key}.weight`, He's initialisation. */
export function unbiasedConvolutionLayer(
  set: ParameterSet,
  key: string,
  options: ConvolutionOptions,
): (x: Tensor, into?: Place) => Tensor {
  const { input, output, kernel } = options;
  const type = floatType([output, input, kernel, kernel], "taps_first");
  const weight = set.parameter(`${key}.weight`, type, kaimingInitialiser(input * kernel * kernel));
  return (x, into) => conv2d(x, set.matching(x, weight), { ...window(options), label: key, into });
}

/** A transposed convolution with bias; keys `{key}.weight` [input, output, kernel, kernel] and `{key}.bias` [output]. */
export function transposedConvolutionLayer(
  set: ParameterSet,
  key: string,
  options: ConvolutionOptions,
): Layer {
  const { input, output, kernel } = options;
  // PyTorch takes a transposed convolution's fan-in from the weight's second axis, its output channels.
  const initialise = uniformInitialiser(output * kernel * kernel);
  const weight = set.parameter(
    `${key}.weight`,
    floatType([input, output, kernel, kernel], "taps_first"),
    initialise,
  );
  const bias = set.parameter(`${key}.bias`, floatType([output]), initialise);
  return (x) => convTranspose2d(x, set.matching(x, weight), { ...window(options), bias, label: key });
}
