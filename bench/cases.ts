/**
 * The kernels that a program really runs, each by itself: the program's groups of fused nodes are copied into small programs
 * of one group, which plan to the same dispatches: the same code, parameters, grids and sizes. That this is so is checked.
 */

import type { Target } from "../src/graph/lowering.ts";
import { ancestors, apply, Tensor } from "../src/graph/tensor.ts";
import { variable } from "../src/ops/variable.ts";
import { fuse, type Group } from "../src/plan/fuse.ts";
import { lowerNode } from "../src/plan/lower.ts";
import { type Plan, plan, type PlannedDispatch, type Program } from "../src/plan/plan.ts";

/** One kernel at one shape, as a program of its own. */
export interface BenchCase {
  /** The operations, such as "conv2d+relu". */
  name: string;
  /** The variants of its dispatches. */
  variant: string;
  /** Shapes of what it reads and of what it leaves. */
  shape: string;
  /** How often it stands in the program that it comes from, and the first of its places among that program's groups. */
  count: number;
  group: number;
  program: Program;
  /** What can be read after a run: a result, or variables that an update changed. */
  outputs: readonly Tensor[];
  flops: number;
  /** Bytes of every operand that its dispatches bind; twice for what they change in place. */
  bytes: number;
}

/** A program that leaves `result`, or makes the change that it stands for, as a case. */
export function caseOf(result: Tensor, target: Target): BenchCase {
  const changed = result.operation.updates?.(result);
  const program: Program = changed ? { effects: [result] } : { results: [result] };
  const outputs = changed ?? [result];
  const planned = plan(program, target);
  const nodes = ancestors([result]).filter((node) => !node.operation.persistent);
  const read = nodes.flatMap((node) => node.inputs).filter((input) =>
    input.operation.persistent && planned.locations.has(input) && input.shape.length > 0
  );
  const shapes = (tensors: Iterable<Tensor>) => [...tensors].map(({ shape }) => shape.join("×")).join(" ");
  const left = outputs.filter(({ shape }) => shape.length > 0);
  return {
    name: nodes.map((node) => node.operation.name).join("+"),
    variant: planned.dispatches.map(({ variant }) => variant.label).filter(unique).join(", "),
    shape: `${shapes(new Set(read))} → ${shapes(left) || "scalar"}`,
    count: 1,
    group: 0,
    program,
    outputs,
    flops: total(planned.dispatches, ({ flops }) => flops),
    bytes: total(planned.dispatches, (dispatch) => boundBytes(dispatch, planned)),
  };
}

/** The cases of all of a program's groups in their order, those that are the same counted and not repeated. */
export function casesOf(program: Program, target: Target): BenchCase[] {
  const whole = plan(program, target);
  const cases = isolatedGroups(program, target).map((result) => caseOf(result, target));
  const plans = cases.map((each) => plan(each.program, target));
  requireSame(whole.dispatches.map(signature), plans.flatMap((each) => each.dispatches.map(signature)));
  const distinct = new Map<string, BenchCase>();
  cases.forEach((each, index) => {
    const key = plans[index]!.dispatches.map(signature).join("\n");
    const known = distinct.get(key);
    if (known) known.count++;
    else distinct.set(key, { ...each, group: index });
  });
  return [...distinct.values()];
}

/** The results of the program's groups, as the planner makes them, each computed from variables instead of from the rest. */
export function isolatedGroups(
  { results = [], effects = [], arenas = [] }: Program,
  target: Target,
): Tensor[] {
  const nodes = ancestors([...results, ...effects]).filter((node) => !node.operation.persistent);
  const kept = new Set([...results, ...effects, ...arenas.flatMap(({ members }) => members)]);
  return fuse(nodes, kept, (root) => {
    let fusible = false;
    lowerNode(root, target, (request) => fusible = request.epilogue === true);
    return fusible;
  }).map(isolate);
}

function isolate({ root, chain, result }: Group): Tensor {
  const copies = new Map<Tensor, Tensor>();
  const copyOf = (tensor: Tensor): Tensor => {
    const { operation, inputs, attributes, type, label } = tensor;
    const inside = tensor === root || chain.includes(tensor);
    let copy = copies.get(tensor);
    if (!copy && inside) copy = new Tensor(operation, inputs.map(copyOf), attributes, type, label);
    else if (!copy) {
      copy = operation.persistent ? apply(operation, [], attributes, label) : variable(type, label);
    }
    copies.set(tensor, copy);
    return copy;
  };
  return copyOf(result);
}

/** What makes a dispatch what it is; only where in memory it works is left out. */
export function signature({ variant, params, grid, bindings }: PlannedDispatch): string {
  const sizes = bindings.map(({ name, location }) => `${name}=${location.bytes}`);
  return [variant.label, variant.code, params, grid, sizes].join("|");
}

function requireSame(wanted: readonly string[], got: readonly string[]): void {
  const at = wanted.findIndex((each, index) => each !== got[index]);
  if (at < 0 && wanted.length === got.length) return;
  const name = (wanted[at] ?? got[wanted.length])?.split("|")[0];
  throw new Error(`the cases are not what the program runs: dispatch ${at} of it, ${name}, differs`);
}

function boundBytes({ variant, bindings }: PlannedDispatch, { buffers }: Plan): number {
  return total(bindings, ({ name, location }) => {
    const { access } = variant.bindings.find((binding) => binding.name === name)!;
    const inPlace = access === "read_write" && buffers[location.buffer]!.owner !== undefined;
    return location.bytes * (inPlace ? 2 : 1);
  });
}

function total<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

function unique<Item>(item: Item, index: number, all: readonly Item[]): boolean {
  return all.indexOf(item) === index;
}
