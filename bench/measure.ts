/** One case: its numbers checked against the reference on cleared memory, then timed. */

import type { Gpu } from "../src/gpu/device.ts";
import { Executor } from "../src/gpu/executor.ts";
import { Memory } from "../src/gpu/memory.ts";
import { ancestors, type Tensor } from "../src/graph/tensor.ts";
import { plan } from "../src/plan/plan.ts";
import type { BenchCase } from "./cases.ts";
import { checkCodes, checkValues } from "./check.ts";
import type { Spread } from "./timing.ts";
import { inputValues, type Values } from "./values.ts";

/** Loads the case with its inputs written, hands it to `use`, and frees everything. */
export async function withCase<Result>(
  gpu: Gpu,
  each: BenchCase,
  use: (executor: Executor, inputs: ReadonlyMap<Tensor, Values>) => Promise<Result>,
): Promise<Result> {
  const memory = new Memory(gpu);
  // New buffers are zero, so that nothing right can be left over from an earlier run.
  const executor = await Executor.load(plan(each.program, gpu.target), memory);
  try {
    const inputs = inputValues(each);
    for (const [tensor, values] of inputs) {
      if (executor.plan.locations.has(tensor)) memory.write(tensor, values);
    }
    return await use(executor, inputs);
  } finally {
    executor.destroy();
    memory.destroy();
  }
}

/** Runs the case once and throws unless every value is what the float64 reference says. */
export async function checkCase(gpu: Gpu, each: BenchCase): Promise<void> {
  await withCase(gpu, each, verify(each));
}

/** Checks the case, or `small` in its place where its own reference would take too long; then times it. */
export async function measureCase(
  gpu: Gpu,
  each: BenchCase,
  time: (executor: Executor) => Promise<Spread>,
  small?: BenchCase,
): Promise<Spread> {
  if (small) await checkCase(gpu, small);
  return await withCase(gpu, each, async (executor, inputs) => {
    if (small) await verifyAlive(executor, each);
    else await verify(each)(executor, inputs);
    const spread = await time(executor);
    gpu.check();
    return spread;
  });
}

function verify({ name, shape, outputs, program }: BenchCase) {
  return async (executor: Executor, inputs: ReadonlyMap<Tensor, Values>) => {
    executor.run();
    const got = await executor.read(outputs);
    const wanted = evaluate([...program.results ?? [], ...program.effects ?? []], outputs, inputs);
    outputs.forEach((output, index) => {
      if (output.operation.name === "nearest_code") {
        const [x, codebook] = output.inputs.map((input) => inputs.get(input)!);
        checkCodes(output, got[index]!, x!, codebook!);
      } else checkValues(`${name} ${shape}`, got[index]!, wanted[index]!);
    });
  };
}

/** At least something was written, and all of it is finite. */
async function verifyAlive(executor: Executor, { name, shape, outputs }: BenchCase): Promise<void> {
  executor.run();
  for (const values of await executor.read(outputs)) {
    if (!values.every(Number.isFinite) || !values.some((value: number) => value !== 0)) {
      throw new Error(`${name} ${shape}: the result is not finite, or zero everywhere`);
    }
  }
}

/** The outputs by the operations' float64 references; updates change the values of their variables. */
function evaluate(
  ends: readonly Tensor[],
  outputs: readonly Tensor[],
  inputs: ReadonlyMap<Tensor, Values>,
): Float64Array[] {
  const known = new Map<Tensor, Float64Array>();
  for (const [tensor, values] of inputs) known.set(tensor, Float64Array.from(values));
  for (const node of ancestors(ends)) {
    if (known.has(node)) continue;
    const result = node.operation.reference(node.inputs.map((input) => known.get(input)!), node);
    let at = 0;
    for (const changed of node.operation.updates?.(node) ?? []) {
      known.set(changed, result.slice(at, at += known.get(changed)!.length));
    }
    known.set(node, result);
  }
  return outputs.map((output) => known.get(output)!);
}
