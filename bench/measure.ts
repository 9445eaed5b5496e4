/** Checks the results of a case against the reference, on cleared memory, and then times it. */

import type { Gpu } from "../src/gpu/device.ts";
import { Executor } from "../src/gpu/executor.ts";
import { Memory } from "../src/gpu/memory.ts";
import { elementCount } from "../src/graph/layout.ts";
import { ancestors, type Tensor } from "../src/graph/tensor.ts";
import { constantValue } from "../src/ops/variable.ts";
import { plan } from "../src/plan/plan.ts";
import { type BenchCase, bySimplest } from "./cases.ts";
import { checkCodes, checkValues } from "./check.ts";
import { type Spread, spreadOf } from "./timing.ts";
import { inputValues, type Values } from "./values.ts";

interface LoadedCase {
  executor: Executor;
  inputs: ReadonlyMap<Tensor, Values>;
  destroy(): void;
}

async function load(gpu: Gpu, each: BenchCase): Promise<LoadedCase> {
  const memory = new Memory(gpu);
  try {
    // New buffers are zero, so that no correct result is left from an earlier run.
    const executor = await Executor.load(plan(each.program, each.target), memory);
    const inputs = inputValues(each, executor.plan);
    for (const [tensor, values] of inputs) memory.write(tensor, values);
    const destroy = () => {
      executor.destroy();
      memory.destroy();
    };
    return { executor, inputs, destroy };
  } catch (error) {
    memory.destroy();
    throw error;
  }
}

/** Loads the case, writes its inputs, calls `use`, and frees everything. */
export async function withCase<Result>(
  gpu: Gpu,
  each: BenchCase,
  use: (loaded: LoadedCase) => Promise<Result>,
): Promise<Result> {
  const loaded = await load(gpu, each);
  try {
    return await use(loaded);
  } finally {
    loaded.destroy();
  }
}

/**
 * Runs the case once.
 *
 * @throws {Error} if a value differs from the float64 reference
 */
export async function checkCase(gpu: Gpu, each: BenchCase): Promise<void> {
  await withCase(gpu, each, (loaded) => verify(each, loaded));
}

/** A case, and a smaller one that is checked instead if the reference of the large one takes too long. */
export interface CheckedCase {
  each: BenchCase;
  small?: BenchCase;
}

/**
 * Checks the case, or the small case in its place. If both run on the same kernels, the small one is compared with its
 * reference and the large one need only write finite values. Otherwise the simplest variant is checked with the small
 * case, and then gives the values with which the large one is compared.
 */
async function check(gpu: Gpu, { each, small }: CheckedCase, loaded: LoadedCase): Promise<void> {
  if (!small) return await verify(each, loaded);
  if (small.variant === each.variant) {
    await checkCase(gpu, small);
    return await verifyAlive(each, loaded);
  }
  const [simple, smallSimple] = [bySimplest(each), bySimplest(small)];
  if (!simple || !smallSimple) return await verify(each, loaded);
  await checkCase(gpu, smallSimple);
  loaded.executor.run();
  const got = await loaded.executor.read(each.outputs);
  const expected = await withCase(gpu, simple, async ({ executor }) => {
    executor.run();
    return await executor.read(each.outputs);
  });
  got.forEach((values, index) => checkValues(`${each.name} ${each.shape}`, values, expected[index]!));
}

/** Checks the case, then times it. */
export async function measureCase(
  gpu: Gpu,
  checked: CheckedCase,
  time: (executor: Executor) => Promise<Spread>,
): Promise<Spread> {
  return await withCase(gpu, checked.each, async (loaded) => {
    await check(gpu, checked, loaded);
    const spread = await time(loaded.executor);
    gpu.check();
    return spread;
  });
}

/** Checks all cases, then times them in turns, so that other work on the machine slows all of them down alike. */
export async function measureInTurns(
  gpu: Gpu,
  cases: readonly CheckedCase[],
  time: (executor: Executor) => Promise<Spread>,
  turns: number,
): Promise<Spread[]> {
  const all: LoadedCase[] = [];
  try {
    for (const checked of cases) {
      const loaded = await load(gpu, checked.each);
      all.push(loaded);
      await check(gpu, checked, loaded);
    }
    const times: number[][] = all.map(() => []);
    for (let turn = 0; turn < turns; turn++) {
      for (const [index, { executor }] of all.entries()) times[index]!.push((await time(executor)).median);
    }
    gpu.check();
    return times.map(spreadOf);
  } finally {
    for (const loaded of all) loaded.destroy();
  }
}

async function verify(
  { name, shape, outputs, program }: BenchCase,
  { executor, inputs }: LoadedCase,
): Promise<void> {
  executor.run();
  const got = await executor.read(outputs);
  const expected = evaluate([...program.results ?? [], ...program.effects ?? []], outputs, inputs);
  outputs.forEach((output, index) => {
    if (output.operation.name === "nearest_code") {
      const [x, codebook] = output.inputs.map((input) => inputs.get(input)!);
      checkCodes(output, got[index]!, x!, codebook!);
    } else {
      // Integers must be equal.
      const allowed = output.dtype === "u32" ? 0 : undefined;
      checkValues(`${name} ${shape}`, got[index]!, expected[index]!, allowed);
    }
  });
}

/**
 * Checks that the case writes something and that all of it is finite.
 *
 * @throws {Error} if it does not
 */
async function verifyAlive(
  { name, shape, outputs }: BenchCase,
  { executor, inputs }: LoadedCase,
): Promise<void> {
  executor.run();
  const got = await executor.read(outputs);
  outputs.forEach((output, index) => {
    const before = inputs.get(output);
    const values = got[index]!;
    const isWritten = values.some((value: number, at: number) => value !== (before?.[at] ?? 0));
    if (!values.every(Number.isFinite) || !isWritten) {
      throw new Error(`${name} ${shape}: the result is not finite, or was not written`);
    }
  });
}

/** The outputs by the operations' float64 references, after all updates. */
function evaluate(
  ends: readonly Tensor[],
  outputs: readonly Tensor[],
  inputs: ReadonlyMap<Tensor, Values>,
): Float64Array[] {
  const known = new Map<Tensor, Float64Array>();
  const left = new Map<Tensor, Float64Array>();
  for (const [tensor, values] of inputs) known.set(tensor, Float64Array.from(values));
  for (const node of ancestors(ends)) {
    // Variables that were not written have no values that a reference may read.
    if (known.has(node) || (node.operation.persistent && constantValue(node) === undefined)) continue;
    const result = node.operation.reference(node.inputs.map((input) => known.get(input)!), node);
    let at = 0;
    for (const changed of node.operation.updates?.(node) ?? []) {
      left.set(changed, result.slice(at, at += known.get(changed)!.length));
    }
    known.set(node, result.subarray(at));
  }
  for (const end of ends.filter(({ place }) => place)) {
    const { host, channel } = end.place!;
    const whole = left.get(host) ?? known.get(host)?.slice() ?? new Float64Array(elementCount(host.shape));
    left.set(host, whole);
    // The part of each image from the first placed channel on.
    const [length, step] = [end, host].map(({ shape }) => elementCount(shape.slice(1))) as [number, number];
    const first = channel * elementCount(host.shape.slice(2));
    for (let image = 0; image < end.shape[0]!; image++) {
      whole.set(known.get(end)!.subarray(image * length, (image + 1) * length), image * step + first);
    }
  }
  return outputs.map((output) => left.get(output) ?? known.get(output)!);
}
