/**
 * The point of a plan at which ranks that train together add up what they have computed: nothing but these sums goes on
 * from the dispatches before it to those after it, so that all ranks make the same changes.
 */

import type { Operand } from "../graph/lowering.ts";
import { Scratch } from "../graph/lowering.ts";
import { storageOf, type Tensor } from "../graph/tensor.ts";
import type { Arena } from "./arena.ts";
import type { GroupRequest } from "./lower.ts";

/** The dispatches of a plan on either side of the point. */
export type PlanPart = "before reduction" | "after reduction";

/** The tensor in whose buffer an operand lies: an arena's, its own, or that of another tensor's place. */
type OwnerOf = (operand: Tensor) => Tensor;

/**
 * The index of the first dispatch after the last one that computes a member of the reduced arenas.
 *
 * @throws {RangeError} if a member is not computed, if a sum is read or changed before the point, or if anything else
 * that is computed before the point is read or changed after it.
 */
export function reductionPoint(
  requests: readonly GroupRequest[],
  reduced: readonly Arena[],
  ownerOf: OwnerOf,
): number {
  const members = new Set(reduced.flatMap((arena) => arena.members));
  const arenas = new Set(reduced.map(({ tensor }) => tensor));
  const computed = requests.map((request) => producedBy(request).filter((tensor) => members.has(tensor)));
  const point = computed.findLastIndex((tensors) => tensors.length > 0) + 1;
  const found = new Set(computed.flat());
  for (const member of members) {
    if (!found.has(member)) throw refusal(`no dispatch computes ${member.label}, which ranks add up`);
  }
  const local = new Set<Tensor>();
  for (const [index, request] of requests.entries()) {
    for (const { operand, written } of tensorsOf(request)) {
      const owner = ownerOf(operand);
      const name = request.group.result.label;
      const verb = written ? "changes" : "reads";
      if (index >= point) {
        if (local.has(owner)) {
          throw refusal(
            `${name} ${verb} ${operand.label}, which each rank computes for itself before the sums`,
          );
        }
      } else if (!arenas.has(owner)) {
        if (written) local.add(owner);
      } else if (!written || !computed[index]!.includes(storageOf(operand))) {
        throw refusal(`${name} ${verb} ${operand.label} before ranks have added it up`);
      }
    }
  }
  return point;
}

/** Every tensor whose values a dispatch's group of nodes leaves in memory. */
function producedBy({ group: { root, chain } }: GroupRequest): Tensor[] {
  return [root, ...chain].flatMap((node) => [node, ...node.auxiliary]).map(storageOf);
}

function tensorsOf({ variant, bindings }: GroupRequest): { operand: Tensor; written: boolean }[] {
  return Object.entries(bindings)
    .filter((entry): entry is [string, Exclude<Operand, Scratch>] => !(entry[1] instanceof Scratch))
    .map(([name, operand]) => ({
      operand,
      written: variant.bindings.some((binding) => binding.name === name && binding.access === "read_write"),
    }));
}

function refusal(reason: string): RangeError {
  return new RangeError(`Cannot plan: ${reason}`);
}
