/** A tensor of each step, such as its logits, in a ring beside the step's scalars; see scalar_ring.ts. */

import { elementCount, floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import { recordRows } from "../ops/record_rows.ts";
import { variable } from "../ops/variable.ts";
import { ringCapacity } from "./scalar_ring.ts";

export class RowRing {
  /** [capacity · B, C, H, W]. */
  readonly tensor: Tensor;

  /** `value` [B, C, H, W], channels_last. */
  constructor(private readonly value: Tensor) {
    const [images, ...rest] = value.shape as [number, ...number[]];
    this.tensor = variable(floatType([ringCapacity * images, ...rest], "channels_last"), "ring of rows");
  }

  /** The effect that keeps a step's tensor in the slot that `step` names. */
  record(step: Tensor): Tensor {
    return recordRows(step, this.tensor, this.value);
  }

  /** The tensor in a slot, row-major, from the ring's values. */
  pick(values: Float32Array<ArrayBuffer>, slot: number): Float32Array<ArrayBuffer> {
    const count = elementCount(this.value.shape);
    return values.slice(slot * count, (slot + 1) * count);
  }
}
