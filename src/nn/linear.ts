/** The linear layer: a pointwise convolution of images of one pixel. */

import { floatType } from "../graph/layout.ts";
import { conv2d } from "../ops/convolution/conv2d.ts";
import { pointwise } from "../ops/convolution/window.ts";
import type { Layer } from "./convolution.ts";
import { type ParameterSet, uniformInitialiser, zeroInitialiser } from "./parameters.ts";

/** [B, input, 1, 1] to [B, output, 1, 1]; keys `{key}.weight` [output, input] and `{key}.bias` [output], zero at first. */
export function linearLayer(
  set: ParameterSet,
  key: string,
  { input, output }: { input: number; output: number },
): Layer {
  const type = floatType([output, input, 1, 1], "taps_first");
  const weight = set.parameter(`${key}.weight`, type, uniformInitialiser(input), [output, input]);
  const bias = set.parameter(`${key}.bias`, floatType([output]), zeroInitialiser);
  return (x) => conv2d(x, set.matching(x, weight), { ...pointwise, bias, label: key });
}
