/** From nodes to the dispatches that compute them: groups are fused, variants chosen, kernels' sources filled in. */

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

/** A dispatch that an operation asked for, with what was fused behind it. */
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

/** Hands on what the node's dispatches are, by the variants that the target chooses, and what was to be chosen. */
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

/** What a plan of what these are computed from has to choose, each class of shapes once, in the order of execution. */
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

/** True where operations on single elements can join the node's last dispatch. */
export function isFusible(root: Tensor, target: Target): boolean {
  // Operands of an epilogue lie as a tensor of its own would.
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
  // The operands' declarations come behind the kernel's own bindings, one of which is the uniform.
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

/** An epilogue counts quads of whole tensors: what lies in another tensor's rows would be read in the wrong place. */
function requirePlain(operands: readonly Operand[], group: Group): void {
  const placed = group.chain.length > 0 &&
    operands.find((operand) => !(operand instanceof Scratch) && !isPlain(operand));
  if (placed) {
    throw new RangeError(`Cannot plan ${group.result.label}: ${placed.label} lies in another tensor's rows`);
  }
}

/** Leaves out what computes values that every reader has computed for itself. */
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

/** True where a tensor has its memory's rows for itself. */
export function isPlain(tensor: Tensor): boolean {
  return `${storageOf(tensor).shape}` === `${tensor.shape}`;
}
