/** A tensor of each of the last steps, such as its logits, in a ring on the GPU; see scalar_ring.ts. */

import { elementCount, floatType } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import { recordRows } from "../ops/record_rows.ts";
import { variable } from "../ops/variable.ts";
import { ringCapacity } from "./scalar_ring.ts";

/** A ring of tensors of one shape. */
export class RowRing {
  /** [capacity · B, C, H, W]. */
  readonly tensor: Tensor;
  /** Values of one step. */
  private readonly count: number;

  /** `parts` are a step's tensor in equal parts, [B / parts, C, H, W] each, channels_last. */
  constructor(private readonly parts: readonly Tensor[]) {
    const [images, ...rest] = parts[0]!.shape as [number, ...number[]];
    const shape = [ringCapacity * parts.length * images, ...rest];
    this.tensor = variable(floatType(shape, "channels_last"), "ring of rows");
    this.count = parts.length * elementCount(parts[0]!.shape);
  }

  /** The effects that write the parts to the slot whose number is in `step`. */
  record(step: Tensor): Tensor[] {
    return this.parts.map((part, index) => recordRows(step, this.tensor, part, index, this.parts.length));
  }

  /** The tensor in a slot, row-major, from the values of `tensor`. */
  pick(values: Float32Array<ArrayBuffer>, slot: number): Float32Array<ArrayBuffer> {
    return values.slice(slot * this.count, (slot + 1) * this.count);
  }
}
