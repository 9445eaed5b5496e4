/** Turns nodes into the dispatches that compute them: fuses groups, chooses variants, expands kernels' templates. */

import { storedBytes } from "../graph/layout.ts";
import {
  chosenVariant,
  type DispatchRequest,
  type Lowering,
  type Operand,
  Scratch,
  type Target,
  type Tunable,
} from "../graph/lowering.ts";
import { ancestors, storageOf, type Tensor } from "../graph/tensor.ts";
import { epilogue, fuse, type Group } from "./fuse.ts";
import { type KernelVariant, kernelVariant } from "./kernel_source.ts";

/** A dispatch that an operation asked for, with the chain fused into it. */
export interface GroupRequest extends DispatchRequest {
  group: Group;
  variant: KernelVariant;
}

/** The dispatches of nodes, in the order of execution; `kept` are results that must stay in memory. */
export function lowerNodes(
  nodes: readonly Tensor[],
  kept: ReadonlySet<Tensor>,
  target: Target,
): GroupRequest[] {
  const groups = fuse(nodes, kept, (root) => isFusible(root, target));
  return withoutUnread(groups.flatMap((group) => lowerGroup(group, target)), kept);
}

/**
 * Lowers one node by the variants that the target chooses.
 *
 * @param dispatch is called for each dispatch
 * @param ask is called for each choice between variants
 */
export function lowerNode(
  node: Tensor,
  target: Target,
  dispatch: (request: DispatchRequest) => void,
  ask: (tunable: Tunable) => void = () => {},
): void {
  const lowering: Lowering = {
    target,
    dispatch,
    choose(tunable) {
      ask(tunable);
      chosenVariant(tunable, target).lower(lowering);
    },
  };
  node.operation.lower(node, lowering);
}

/** The choices that a plan of `ends` needs, one for each class of shapes, in the order of execution. */
export function tunablesOf(ends: readonly Tensor[], target: Target): Tunable[] {
  const tunables = new Map<string, Tunable>();
  const ask = (tunable: Tunable) => {
    if (!tunables.has(tunable.shapeClass)) tunables.set(tunable.shapeClass, tunable);
  };
  for (const node of ancestors(ends)) lowerNode(node, target, () => {}, ask);
  return [...tunables.values()];
}

function lowerGroup(group: Group, target: Target): GroupRequest[] {
  const requests: GroupRequest[] = [];
  lowerNode(group.root, target, (request) => requests.push(withEpilogue(request, group)));
  return requests;
}

/** True if an elementwise chain can be fused into the node's last dispatch. */
export function isFusible(root: Tensor, target: Target): boolean {
  // A chain addresses whole tensors, not places in others.
  if (root.place) return false;
  let fusible = false;
  lowerNode(root, target, (request) => fusible = request.epilogue === true);
  return fusible;
}

function withEpilogue(request: DispatchRequest, group: Group): GroupRequest {
  const constants = request.constants;
  if (!request.epilogue) {
    const variant = kernelVariant(request.kernel, constants, halvesOf(request.bindings));
    return { ...request, group, variant };
  }
  // The operands' bindings follow the kernel's own, one of which is the uniform.
  const { code, declarations, operands } = epilogue(group, Object.keys(request.bindings).length + 1);
  const filled = { ...constants, EPILOGUE: code, EPILOGUE_BINDINGS: declarations };
  const bindings: Record<string, Operand> = { ...request.bindings };
  for (const [name, operand] of Object.entries(bindings)) {
    if (operand === group.root) bindings[name] = group.result;
  }
  operands.forEach((operand, index) => bindings[`operand${index}`] = operand);
  requirePlain([...Object.values(bindings), ...operands], group);
  const extraBytes = operands.reduce((sum, operand) => sum + storedBytes(operand.type), 0);
  const bytes = request.bytes + extraBytes;
  const variant = kernelVariant(request.kernel, filled, halvesOf(bindings));
  if (group.chain.length > 0) {
    variant.label += ` +${group.chain.map((node) => node.operation.name).join("+")}`;
  }
  return { ...request, bindings, bytes, group, variant };
}

/** The bindings whose memory holds float16. */
function halvesOf(bindings: Readonly<Record<string, Operand>>): string[] {
  return Object.entries(bindings).flatMap(([name, operand]) =>
    !(operand instanceof Scratch) && operand.dtype === "f16" ? [name] : []
  );
}

/**
 * Checks that a fused group binds whole tensors only: its chain would address values in another tensor's rows wrongly.
 *
 * @throws {RangeError} if one of them lies in another tensor's rows
 */
function requirePlain(operands: readonly Operand[], group: Group): void {
  const placed = group.chain.length > 0 &&
    operands.find((operand) => !(operand instanceof Scratch) && !isPlain(operand));
  if (placed) {
    throw new RangeError(`Cannot plan ${group.result.label}: ${placed.label} lies in another tensor's rows`);
  }
}

/** Drops the dispatches of recomputed values that nothing reads from memory. */
function withoutUnread(requests: readonly GroupRequest[], kept: ReadonlySet<Tensor>): GroupRequest[] {
  const bound = new Set(
    requests.flatMap(({ group, bindings }) =>
      Object.values(bindings).filter((operand) => operand !== group.result)
    ),
  );
  return requests.filter(({ group: { result } }) =>
    !result.operation.recomputed || bound.has(result) || kept.has(result)
  );
}

/** True if the tensor fills the rows of its memory, rather than some channels of them. */
export function isPlain(tensor: Tensor): boolean {
  return `${storageOf(tensor).shape}` === `${tensor.shape}`;
}
