/** Tensors of one type of element that lie one behind the other in one buffer, so that one dispatch reaches all of them. */

import { elementBytes, floatType, roundUp, storedBytes } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";

/** The largest alignment that WebGPU lets an adapter ask for. */
export const bindingAlignment = 256;

/** A buffer of named members. Its `tensor` is the whole, flat, gaps (which stay zero) included. */
export class Arena {
  readonly tensor: Tensor;
  readonly members: readonly Tensor[];
  private readonly offsets = new Map<Tensor, number>();

  /** `variable` makes the persistent tensor for the whole. Every member begins at a multiple of `alignment` bytes. */
  constructor(
    label: string,
    members: readonly Tensor[],
    variable: (type: ReturnType<typeof floatType>, label: string) => Tensor,
    alignment = bindingAlignment,
  ) {
    this.members = members;
    let end = 0;
    for (const member of members) {
      if (this.offsets.has(member)) throw new RangeError(`Cannot put ${member.label} into ${label} twice`);
      this.offsets.set(member, end);
      end = roundUp(end + storedBytes(member.type), alignment);
    }
    const dtype = members[0]?.dtype ?? "f32";
    this.tensor = variable(floatType([end / elementBytes(dtype)], "flat", dtype), label);
  }

  /** Where a member begins, in bytes. */
  offsetOf(member: Tensor): number {
    return this.offsets.get(member)!;
  }
}
