/**
 * Joins operations on single elements to the operation that makes their input: bias, ReLU, residual sums and the
 * gradients' masks are then applied while the value is still in a register.
 */

import type { Tensor } from "../graph/tensor.ts";
import type { TensorType } from "../graph/layout.ts";

/** Nodes that one lowering computes: the first, and those of single elements applied to its result in turn. */
export interface Group {
  root: Tensor;
  /** The element-wise nodes behind the root; the root itself stands first if it is one. */
  chain: Tensor[];
  /** What the group leaves in memory: the last of the chain, or the root. */
  result: Tensor;
}

/** A group binds at most this many tensors beside those of its root, so that it keeps to eight storage buffers. */
const maxOperands = 3;

/** Groups of `nodes` (in the order of execution), in the order of execution. `kept` are results that must stay in memory. */
export function fuse(
  nodes: readonly Tensor[],
  kept: ReadonlySet<Tensor>,
  fusible: (root: Tensor) => boolean,
): Group[] {
  const uses = countUses(nodes);
  const groups = new Map<Tensor, Group>();
  let lastUpdate = -1;
  // A group runs where its last node stands; an update on the way there might change what its root reads.
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

/** The latest group whose result only `node` reads: the node's other operands are then computed before it. */
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

/** Between floats the way of storing them may change: what runs through a group is in a register. */
function sameElements(first: TensorType, second: TensorType): boolean {
  return first.layout === second.layout && (first.dtype === "u32") === (second.dtype === "u32") &&
    `${first.shape}` === `${second.shape}`;
}

/** The tensors that a chain reads beside the value that runs through it. */
export function operandsOf(chain: readonly Tensor[], root?: Tensor): Tensor[] {
  const inside = new Set<Tensor>(chain);
  if (root) inside.add(root);
  const first = chain[0];
  // A chain that stands alone begins with its first node's first input as the value.
  if (first && (!root || root === first)) inside.add(first.inputs[0]!);
  return [...new Set(chain.flatMap((node) => node.inputs))].filter((input) => !inside.has(input));
}

/** WGSL that applies the chain to `value` at the quad `index`, and the operands' declarations from binding `firstBinding` on. */
export function epilogue(
  group: Group,
  firstBinding: number,
): { code: string; declarations: string; operands: Tensor[] } {
  const operands = operandsOf(group.chain, group.root);
  const alone = group.chain[0] === group.root;
  const loaded = alone ? group.root.inputs[0]! : undefined;
  let running = loaded ?? group.root;
  const lines: string[] = [];
  for (const node of group.chain) {
    const names = node.inputs.map((input) => {
      if (input === running) return "value";
      // The kernel's own input, read again further down the chain.
      if (input === loaded) return "x[index]";
      const name = `operand${operands.indexOf(input)}`;
      // A scalar goes with every element.
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
