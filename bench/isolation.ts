/**
 * Copies each group of a program's fused nodes into a small graph that computes from variables instead of the rest of
 * the program. A tensor placed in another tensor's rows is placed in rows of the same width, and recomputed inputs stay
 * recomputed.
 */

import { type DispatchRequest, type Operand, Scratch, type Target } from "../src/graph/lowering.ts";
import { ancestors, apply, type Place, storageOf, Tensor } from "../src/graph/tensor.ts";
import { narrow } from "../src/ops/parts.ts";
import { rows } from "../src/ops/support.ts";
import { variable } from "../src/ops/variable.ts";
import { fuse, type Group, operandsOf } from "../src/plan/fuse.ts";
import { isFusible, lowerNode } from "../src/plan/lower.ts";
import type { Program } from "../src/plan/plan.ts";

/** A group of fused nodes, and the dispatches of its root. */
export interface LoweredGroup extends Group {
  requests: readonly DispatchRequest[];
}

/** The groups of a program from which the planner makes dispatches, in their order. */
export function loweredGroups(
  { results = [], effects = [], arenas = [] }: Program,
  target: Target,
): LoweredGroup[] {
  const ends = [...results, ...effects];
  const nodes = ancestors(ends).filter((node) => !node.operation.persistent);
  const kept = new Set([...ends, ...arenas.flatMap(({ members }) => members)]);
  const groups = fuse(nodes, kept, (root) => isFusible(root, target))
    .map((group) => ({ ...group, requests: requestsOf(group.root, target) }));
  const read = new Set(
    groups.flatMap((group) => boundBy(group).filter((operand) => operand !== group.result)),
  );
  return groups.filter(({ result, requests }) =>
    requests.length > 0 && (!result.operation.recomputed || read.has(result) || kept.has(result))
  );
}

function requestsOf(root: Tensor, target: Target): DispatchRequest[] {
  const requests: DispatchRequest[] = [];
  lowerNode(root, target, (request) => requests.push(request));
  return requests;
}

/** The tensors that a group's dispatches read and write; the group's result stands for its root. */
export function boundBy({ root, chain, result, requests }: LoweredGroup): Tensor[] {
  const bound = (operand: Operand) => operand === root ? result : operand;
  const operands = [
    ...requests.flatMap(({ bindings }) => Object.values(bindings)),
    ...operandsOf(chain, root),
  ];
  return operands.map(bound).filter((operand) => !(operand instanceof Scratch)) as Tensor[];
}

/** The results of the program's groups, each computed from variables instead of the rest of the program. */
export function isolatedGroups(program: Program, target: Target): Tensor[] {
  return loweredGroups(program, target).map(isolate);
}

function isolate(group: LoweredGroup): Tensor {
  const own = new Set([group.root, ...group.chain]);
  const bound = new Set(boundBy(group).map(storageOf));
  const copies = new Map<Tensor, Tensor>();
  const copyOnce = (tensor: Tensor, make: () => Tensor): Tensor => {
    const copy = copies.get(tensor) ?? make();
    copies.set(tensor, copy);
    return copy;
  };
  /** The variable that stands for a tensor's memory. */
  const memoryOf = (tensor: Tensor): Tensor => {
    const storage = storageOf(tensor);
    const { operation, attributes, type, label } = storage;
    return copyOnce(
      storage,
      () => operation.persistent ? apply(operation, [], attributes, label) : variable(type, label),
    );
  };
  const placeOf = (tensor: Tensor): Place | undefined =>
    tensor.place && { host: memoryOf(tensor), channel: 4 * rows(tensor).first };
  const copyNode = (node: Tensor, inputs: readonly Tensor[]): Tensor => {
    const copy = new Tensor(node.operation, inputs, node.attributes, node.type, node.label);
    copy.place = placeOf(node);
    return copy;
  };
  const copyOf = (tensor: Tensor): Tensor => {
    // A recomputed input that is not bound: the group's dispatches compute it as they load.
    if (own.has(tensor) || (tensor.operation.recomputed && !bound.has(tensor))) {
      return copyOnce(tensor, () => copyNode(tensor, tensor.inputs.map(copyOf)));
    }
    // Other unbound inputs only give a shape or an order of execution.
    if (!bound.has(storageOf(tensor))) return copyOnce(tensor, () => variable(tensor.type, tensor.label));
    const place = placeOf(tensor);
    if (!place) return memoryOf(tensor);
    return copyOnce(tensor, () => narrow(place.host, place.channel, tensor.shape[1]!));
  };
  const result = copyOf(group.result);
  for (const node of own) {
    const copy = copyOf(node);
    copy.auxiliary.push(...node.auxiliary.map((auxiliary) => copyNode(auxiliary, [copy, ...copy.inputs])));
  }
  return result;
}
