/**
 * The kernels that a program really runs, each by itself: the program's groups of fused nodes are copied into small programs
 * of one group, which plan to the same dispatches: the same code, parameters, grids and sizes. That this is so is checked.
 */

import { storedBytes } from "../src/graph/layout.ts";
import { type Operand, Scratch, type Target } from "../src/graph/lowering.ts";
import { ancestors, storageOf, type Tensor } from "../src/graph/tensor.ts";
import { narrowOperation } from "../src/ops/parts.ts";
import { rows } from "../src/ops/support.ts";
import { tunablesOf } from "../src/plan/lower.ts";
import { type Plan, plan, type PlannedDispatch, type Program } from "../src/plan/plan.ts";
import { boundBy, isolatedGroups, type LoweredGroup, loweredGroups } from "./isolation.ts";

/** One kernel at one shape, as a program of its own. */
export interface BenchCase {
  /** The operations, such as "conv2d+relu". */
  name: string;
  /** The variants of its dispatches. */
  variant: string;
  /** Shapes of what it reads and of what it leaves, where 8×32[64/256]×4×4 are channels 64 to 95 of 256. */
  shape: string;
  /** How often it stands in the program that it comes from, and the first of its places among that program's groups. */
  count: number;
  group: number;
  program: Program;
  /** What its plan is made for. */
  target: Target;
  /** What can be read after a run: results, variables that an update changed, or those whose rows the results lie in. */
  outputs: readonly Tensor[];
  flops: number;
  /** Bytes of every operand that its dispatches bind; twice for what they change in place. */
  bytes: number;
}

/** A program that leaves `result`, or makes the change that it stands for, as a case. */
export function caseOf(result: Tensor, target: Target): BenchCase {
  const nodes = ancestors([result]);
  const ends = [result, ...nodes.flatMap(({ auxiliary }) => auxiliary)];
  const groups = loweredGroups({ effects: ends }, target);
  const bound = new Set(groups.flatMap(boundBy));
  const left = ends.filter((end) => bound.has(end));
  const readable = left.filter(({ place }) => !place);
  const program: Program = { results: readable, effects: ends.filter((end) => !readable.includes(end)) };
  const changed = ends.flatMap((end) => end.operation.updates?.(end) ?? []);
  const planned = plan(program, target);
  const read = nodes.filter((node) => !isMemory(node)).flatMap(({ inputs }) => inputs)
    .filter((input) => isMemory(input) && planned.locations.has(storageOf(input)));
  return {
    name: groups.flatMap(({ root, chain }) => [...new Set([root, ...chain])])
      .map(({ operation }) => operation.name).join("+"),
    variant: planned.dispatches.map(({ variant }) => variant.label).filter(unique).join(", "),
    shape: `${describe(read)} → ${describe([...changed, ...left]) || "scalar"}`,
    count: 1,
    group: 0,
    program,
    target,
    outputs: [...changed, ...left.map(storageOf)].filter(unique),
    flops: total(planned.dispatches, ({ flops }) => flops),
    bytes: boundBytes(groups, planned),
  };
}

/** The same case computed by the simplest of its variants; undefined where it has only one. */
export function bySimplest(each: BenchCase): BenchCase | undefined {
  const { program: { results = [], effects = [] }, target } = each;
  const simplest = new Map(
    tunablesOf([...results, ...effects], target)
      .filter(({ variants }) => variants.length > 1)
      .map(({ shapeClass, variants }) => [shapeClass, variants.at(-1)!.name]),
  );
  return simplest.size > 0 ? { ...each, target: { ...target, choices: simplest } } : undefined;
}

/** A variable, or a part of one. */
function isMemory({ operation }: Tensor): boolean {
  return operation.persistent === true || operation === narrowOperation;
}

function describe(tensors: readonly Tensor[]): string {
  const extents = (tensor: Tensor) => {
    const whole = storageOf(tensor).shape[1];
    return tensor.shape.map((extent, axis) =>
      axis === 1 && extent !== whole ? `${extent}[${4 * rows(tensor).first}/${whole}]` : extent
    );
  };
  const described = tensors.filter(({ shape }) => shape.length > 0).filter(unique);
  return described.map((tensor) => extents(tensor).join("×")).join(" ");
}

/** The cases of all of a program's groups in their order, those that are the same counted and not repeated. */
export function casesOf(program: Program, target: Target): BenchCase[] {
  const whole = plan(program, target);
  const cases = isolatedGroups(program, target).map((result) => caseOf(result, target));
  const signatures = cases.map((each) => plan(each.program, target).dispatches.map(signature));
  requireSame(whole.dispatches.map(signature), signatures.flat());
  const distinct = new Map<string, BenchCase>();
  cases.forEach((each, index) => {
    const key = signatures[index]!.join("\n");
    const known = distinct.get(key);
    if (known) known.count++;
    else distinct.set(key, { ...each, group: index });
  });
  return [...distinct.values()];
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

function boundBytes(groups: readonly LoweredGroup[], { dispatches }: Plan): number {
  const requests = groups.flatMap((group) => group.requests);
  const read = new Set(groups.flatMap(({ root }) => root.inputs.map(storageOf)));
  const isChanged = (operand: Operand | undefined, access: string) =>
    operand && !(operand instanceof Scratch) && access === "read_write" && read.has(storageOf(operand));
  return total(dispatches, ({ variant, bindings }, index) =>
    total(bindings, ({ name, location }) => {
      // What is fused behind the dispatch is not in its request, and only read.
      const operand = requests[index]!.bindings[name];
      const bytes = operand && !(operand instanceof Scratch) ? storedBytes(operand.type) : location.bytes;
      const { access } = variant.bindings.find((binding) => binding.name === name)!;
      return isChanged(operand, access) ? 2 * bytes : bytes;
    }));
}

function total<Item>(items: readonly Item[], value: (item: Item, index: number) => number): number {
  return items.reduce((sum, item, index) => sum + value(item, index), 0);
}

function unique<Item>(item: Item, index: number, all: readonly Item[]): boolean {
  return all.indexOf(item) === index;
}
