/**
 * Fuses elementwise operations into the operation that computes their input: biases, ReLU, residual sums and the
 * masks of gradients are applied while the value is still in a register.
 */

import type { Tensor } from "../graph/tensor.ts";
import type { TensorType } from "../graph/layout.ts";

/** Nodes that are computed together: a root, and elementwise nodes applied to its result in turn. */
export interface Group {
  /** The node whose lowering computes the group. */
  root: Tensor;
  /** The elementwise nodes after the root, in order. If the root is elementwise itself, it comes first. */
  chain: Tensor[];
  /** The value that the group leaves in memory: the last node of the chain, or the root. */
  result: Tensor;
}

/**
 * The most tensors that a group binds besides those of its root, so that it needs no more than eight storage buffers.
 */
const maxOperands = 3;

/**
 * Divides nodes into groups, both in the order of execution.
 *
 * @param kept results that must stay in memory
 * @param fusible whether the root's lowering can apply an elementwise chain
 */
export function fuse(
  nodes: readonly Tensor[],
  kept: ReadonlySet<Tensor>,
  fusible: (root: Tensor) => boolean,
): Group[] {
  const uses = countUses(nodes);
  const groups = new Map<Tensor, Group>();
  let lastUpdate = -1;
  // A group runs at the position of its last node. An update before that position might change what the root reads.
  const movable = (root: Tensor) => root.id > lastUpdate && fusible(root);
  for (const node of nodes) {
    if (node.operation.updates) lastUpdate = node.id;
    const producer = node.operation.elementwise ? bestProducer(node, groups, uses, kept, movable) : undefined;
    if (!producer) {
      groups.set(node, { root: node, chain: node.operation.elementwise ? [node] : [], result: node });
      continue;
    }
    groups.delete(producer.result);
    producer.chain.push(node);
    producer.result = node;
    groups.set(node, producer);
  }
  return [...groups.values()].sort((first, second) => first.result.id - second.result.id);
}

function countUses(nodes: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) uses.set(input, (uses.get(input) ?? 0) + 1);
  }
  return uses;
}

/** The last group whose result only `node` reads. The node's other operands are computed before that group. */
function bestProducer(
  node: Tensor,
  groups: ReadonlyMap<Tensor, Group>,
  uses: ReadonlyMap<Tensor, number>,
  kept: ReadonlySet<Tensor>,
  fusible: (root: Tensor) => boolean,
): Group | undefined {
  const candidates = [...new Set(node.inputs)]
    .filter((input) => uses.get(input) === 1 && !kept.has(input) && sameElements(input.type, node.type))
    .map((input) => groups.get(input))
    .filter((group): group is Group => !!group && !group.root.operation.persistent && fusible(group.root))
    .filter((group) => operandsOf(group.chain).length + new Set(node.inputs).size - 1 <= maxOperands);
  return candidates.sort((first, second) => second.result.id - first.result.id)[0];
}

/** A chain may change between float32 and float16, since its value is in a register. */
function sameElements(first: TensorType, second: TensorType): boolean {
  return first.layout === second.layout && (first.dtype === "u32") === (second.dtype === "u32") &&
    `${first.shape}` === `${second.shape}`;
}

/** The tensors that a chain reads besides the value to which it is applied. */
export function operandsOf(chain: readonly Tensor[], root?: Tensor): Tensor[] {
  const inside = new Set<Tensor>(chain);
  if (root) inside.add(root);
  const first = chain[0];
  // Without another root, the chain is applied to the first input of its first node.
  if (first && (!root || root === first)) inside.add(first.inputs[0]!);
  return [...new Set(chain.flatMap((node) => node.inputs))].filter((input) => !inside.has(input));
}

/** The WGSL of a group's chain. */
export interface Epilogue {
  /** Statements that apply the chain to `value`, the quad at `index`. */
  code: string;
  /** The declarations of the operands' bindings. */
  declarations: string;
  /** The tensors bound, in the order of the declarations. */
  operands: Tensor[];
}

/** Makes the WGSL that applies a group's chain; its operands are bound from binding `firstBinding` on. */
export function epilogue(group: Group, firstBinding: number): Epilogue {
  const operands = operandsOf(group.chain, group.root);
  const alone = group.chain[0] === group.root;
  const loaded = alone ? group.root.inputs[0]! : undefined;
  let running = loaded ?? group.root;
  const lines: string[] = [];
  for (const node of group.chain) {
    const names = node.inputs.map((input) => {
      if (input === running) return "value";
      // A later node of the chain reads the kernel's own input, too.
      if (input === loaded) return "x[index]";
      const name = `operand${operands.indexOf(input)}`;
      // A scalar applies to every element.
      return input.shape.length === 0 && node.shape.length > 0 ? `${name}[0].x` : `${name}[index]`;
    });
    lines.push(`value = ${node.operation.elementwise!(names, node)};`);
    running = node;
  }
  const declarations = operands.map((_, at) =>
    `@group(0) @binding(${firstBinding + at}) var<storage, read> operand${at}: array<vec4f>;`
  );
  return { code: lines.join("\n  "), declarations: declarations.join("\n"), operands };
}
