/** Kernels that should come near one of the adapter's ceilings, timed in turns with it. */

import { floatType } from "../src/graph/layout.ts";
import type { Target } from "../src/graph/lowering.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { adam } from "../src/ops/adam.ts";
import { conv2d, convTranspose2d } from "../src/ops/convolution/conv2d.ts";
import { conv2dWeightGradient } from "../src/ops/convolution/weight_gradient.ts";
import { add, relu } from "../src/ops/elementwise.ts";
import { variable } from "../src/ops/variable.ts";
import { defaultAdam, stepInput } from "../src/optim/adam.ts";
import { caseOf } from "./cases.ts";
import { checkedElements, checkedSide, type Extents } from "./extents.ts";
import type { CheckedCase } from "./measure.ts";
import type { ComparisonRow } from "./rows.ts";

/** A case and the ceiling with which it is compared. */
export type Comparison = CheckedCase & Pick<ComparisonRow, "against">;

const channels = 128;

/** Operations that read and write each element once. */
function streaming(elements: number): Tensor[] {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((label) => variable(floatType([elements]), label)) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  return [add(a, b), relu(a), adam(stepInput(), a, b, [c, d], defaultAdam)];
}

/** A 3 × 3 convolution and its two gradients. */
function convolutions(images: number, side: number): Tensor[] {
  const values = (label: string) =>
    variable(floatType([images, channels, side, side], "channels_last"), label);
  const [x, upstream] = [values("x"), values("upstream")];
  const weight = variable(floatType([channels, channels, 3, 3], "taps_first"), "weight");
  const window = { stride: [1, 1], padding: [1, 1, 1, 1] } as const;
  return [
    conv2d(x, weight, window),
    convTranspose2d(upstream, weight, window),
    conv2dWeightGradient(x, upstream, [3, 3], window),
  ];
}

/** All comparisons, on tensors of the given extents. */
export function comparisonsFor(
  target: Target,
  { streamed, images, side }: Omit<Extents, "multiplied">,
): Comparison[] {
  const fewer = streamed > checkedElements ? streaming(checkedElements) : [];
  const small = side > checkedSide ? convolutions(1, checkedSide) : [];
  return [
    ...streaming(streamed).map((result, index): Comparison => ({
      against: "copy",
      each: caseOf(result, target),
      small: fewer[index] && caseOf(fewer[index], target),
    })),
    ...convolutions(images, side).map((result, index): Comparison => ({
      against: "arithmetic",
      each: caseOf(result, target),
      small: small[index] && caseOf(small[index], target),
    })),
  ];
}
