/**
 * Arenas: tensors of one element type that lie one after another in one buffer, so that one dispatch reaches all of
 * them.
 */

import { elementBytes, floatType, roundUp, storedBytes } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";

/** Bytes: the largest alignment of bindings that WebGPU lets an adapter require. */
export const bindingAlignment = 256;

/** Tensors in one buffer. */
export class Arena {
  /** The whole buffer as one flat tensor, the gaps between members included. These stay zero. */
  readonly tensor: Tensor;
  readonly members: readonly Tensor[];
  private readonly offsets = new Map<Tensor, number>();

  /**
   * @param variable makes the persistent tensor for the whole
   * @param alignment every member begins at a multiple of this many bytes
   * @throws {RangeError} if a tensor is listed twice
   */
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

  /** The first byte of a member. */
  offsetOf(member: Tensor): number {
    return this.offsets.get(member)!;
  }
}
