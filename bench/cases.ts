/**
 * The kernels that a program runs, each as a small program of its own. Each group of fused nodes is copied into a
 * program that plans to the same dispatches: the same code, parameters, grids and sizes. `casesOf` checks that.
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
  /** The labels of its dispatches' kernels. */
  variant: string;
  /** Shapes of its inputs and outputs; 8×32[64/256]×4×4 stands for channels 64 to 95 of 256. */
  shape: string;
  /** How often the program that it comes from runs it. */
  count: number;
  /** Its first position among that program's groups. */
  group: number;
  program: Program;
  /** The target of its plan. */
  target: Target;
  /** Tensors to read after a run: results, updated variables, or the hosts in which the results are placed. */
  outputs: readonly Tensor[];
  flops: number;
  /** Bytes of all operands that its dispatches bind; operands that are changed in place count twice. */
  bytes: number;
}

/** A case whose program computes `result`, or makes the update that `result` stands for. */
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

/** The same case computed by its simplest variant; undefined if it has only one variant. */
export function bySimplest(each: BenchCase): BenchCase | undefined {
  const { program: { results = [], effects = [] }, target } = each;
  const simplest = new Map(
    tunablesOf([...results, ...effects], target)
      .filter(({ variants }) => variants.length > 1)
      .map(({ shapeClass, variants }) => [shapeClass, variants.at(-1)!.name]),
  );
  return simplest.size > 0 ? { ...each, target: { ...target, choices: simplest } } : undefined;
}

/** Whether the tensor is a variable or part of one. */
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

/**
 * The cases of all groups of a program in their order; equal cases are listed once and counted.
 *
 * @throws {Error} if the cases together do not plan to the dispatches of the whole program
 */
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

/** Everything about a dispatch except the memory that it works on. */
export function signature({ variant, params, grid, bindings }: PlannedDispatch): string {
  const sizes = bindings.map(({ name, location }) => `${name}=${location.bytes}`);
  return [variant.label, variant.code, params, grid, sizes].join("|");
}

function requireSame(expected: readonly string[], got: readonly string[]): void {
  const at = expected.findIndex((each, index) => each !== got[index]);
  if (at < 0 && expected.length === got.length) return;
  const name = (expected[at] ?? got[expected.length])?.split("|")[0];
  throw new Error(`the cases do not match the program: its dispatch ${at}, ${name}, differs`);
}

function boundBytes(groups: readonly LoweredGroup[], { dispatches }: Plan): number {
  const requests = groups.flatMap((group) => group.requests);
  const read = new Set(groups.flatMap(({ root }) => root.inputs.map(storageOf)));
  const isChanged = (operand: Operand | undefined, access: string) =>
    operand && !(operand instanceof Scratch) && access === "read_write" && read.has(storageOf(operand));
  return total(dispatches, ({ variant, bindings }, index) =>
    total(bindings, ({ name, location }) => {
      // Operands of fused operations are not in the request, and are only read.
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
