/** Convolution layers, which own their weights. */

import { floatType } from "../graph/layout.ts";
import type { Place, Tensor } from "../graph/tensor.ts";
import { conv2d, convTranspose2d } from "../ops/convolution/conv2d.ts";
import type { Window } from "../ops/convolution/window.ts";
import { kaimingInitialiser, type ParameterSet, uniformInitialiser } from "./parameters.ts";

/** A layer: builds the graph from an input to an output. */
export type Layer = (x: Tensor) => Tensor;

interface ConvolutionOptions {
  /** Channels. */
  input: number;
  /** Channels. */
  output: number;
  /** The side of the square kernel. */
  kernel: number;
  /** In both directions; default: 1. */
  stride?: number;
  /** On all four edges; default: 0. */
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

/**
 * A convolution without bias, whose result may be written into a part of another tensor; key `{key}.weight`
 * [output, input, kernel, kernel] with He's initialisation.
 */
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

/**
 * A transposed convolution with bias; keys `{key}.weight` [input, output, kernel, kernel] and `{key}.bias` [output].
 */
export function transposedConvolutionLayer(
  set: ParameterSet,
  key: string,
  options: ConvolutionOptions,
): Layer {
  const { input, output, kernel } = options;
  // For transposed convolutions PyTorch computes the fan-in from the weight's second axis, the output channels.
  const initialise = uniformInitialiser(output * kernel * kernel);
  const weight = set.parameter(
    `${key}.weight`,
    floatType([input, output, kernel, kernel], "taps_first"),
    initialise,
  );
  const bias = set.parameter(`${key}.bias`, floatType([output]), initialise);
  return (x) => convTranspose2d(x, set.matching(x, weight), { ...window(options), bias, label: key });
}
