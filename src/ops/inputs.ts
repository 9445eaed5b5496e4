/** The kinds of inputs that operations accept, for the `inputs` of their records. */

import { anyInputs, type InputRule, layoutNames } from "../graph/inputs.ts";
import type { DataType } from "../graph/layout.ts";

const floats: readonly DataType[] = ["f32", "f16"];

/** Images [B, C, H, W]; in float32 or float16 by default. */
export function images(name = "input", dtypes: readonly DataType[] = floats): InputRule {
  return { name, layouts: ["channels_last"], dtypes };
}

/**
 * Statistics of each channel, [1, C, rows, 1] with one row for each statistic: laid out as images, but always float32.
 */
export function channelRows(name: string): InputRule {
  return { name, layouts: ["channels_last"], dtypes: ["f32"] };
}

/** The weight of a convolution, in float32 or float16. */
export function convolutionWeight(name = "weight"): InputRule {
  return { name, layouts: ["taps_first"], dtypes: floats };
}

/** A codebook [dim, codes], or one of its moving averages. */
export function codebookColumns(name = "codebook"): InputRule {
  return { name, layouts: ["codes_first"], dtypes: ["f32"] };
}

/** A vector, or any other tensor that lies in memory row by row; float32 by default. */
export function flat(name: string, dtype: DataType = "f32"): InputRule {
  return { name, layouts: ["flat"], dtypes: [dtype] };
}

/** A float32 tensor of one value, of shape []. */
export function scalar(name: string): InputRule {
  return { ...flat(name), axes: [] };
}

/** A tensor of floats in any layout, for operations that treat all stored values alike. */
export function anyLayout(name = "input", dtypes: readonly DataType[] = floats): InputRule {
  return { name, layouts: layoutNames, dtypes };
}

/** Nodes that run before the operation, which does not read them. */
export const predecessors: InputRule = anyInputs("predecessors");

/** An input that may be left out, together with those after it. */
export function optional(rule: InputRule): InputRule {
  return { ...rule, occurs: "optional" };
}

/** Any number of inputs of one kind, none included. */
export function repeated(rule: InputRule): InputRule {
  return { ...rule, occurs: "repeated" };
}
