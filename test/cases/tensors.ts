/** Tensors for calls that are refused. */

import type { DataType, Layout } from "../../src/graph/layout.ts";
import { type AnyOperation, apply, type Tensor } from "../../src/graph/tensor.ts";
import { variable } from "../../src/ops/variable.ts";

export function tensor(shape: number[], layout: Layout = "flat", dtype: DataType = "f32"): Tensor {
  return variable({ shape, layout, dtype }, "x");
}

/** Images [B, C, H, W]. */
export function image(...shape: number[]): Tensor {
  return tensor(shape, "channels_last");
}

/** The weight of a convolution. */
export function weight(...shape: number[]): Tensor {
  return tensor(shape, "taps_first");
}

/** Integers. */
export function codes(...shape: number[]): Tensor {
  return tensor(shape, "flat", "u32");
}

/** Four values. */
export const vector: Tensor = tensor([4]);

/** The images that most of the refused calls begin with. */
export const x: Tensor = image(2, 4, 5, 7);

/** Applies an operation that no function of src/ops applies to such inputs. */
export function bare(operation: AnyOperation, ...inputs: Tensor[]): () => Tensor {
  return () => apply(operation, inputs, {});
}
