/**
 * Drivers that compile a kernel when they first meet it in a queue, as Mesa's software adapter does, take one processor for it and seconds
 * for a model. Half of the kernels are then given to a second device meanwhile: what it compiles, the first finds in the driver's
 * cache on disk.
 */

import type { PlannedDispatch } from "../plan/plan.ts";
import type { Gpu } from "./device.ts";

/** A kernel that a queue has not met yet. */
export interface NewKernel {
  dispatch: PlannedDispatch;
  /** A dispatch of no workgroups. */
  warmUp: GPUCommandBuffer;
}

/** The dispatches on a second device; what comes back waits until it has compiled them, and closes it. */
export type CompileBeside = (dispatches: readonly PlannedDispatch[]) => Promise<() => Promise<void>>;

/** With fewer characters of code than this it is done before a second device is open. */
const worthSecondDevice = 200_000;
/** A kernel of so many characters takes longer to compile than one that is found in the driver's cache; Deno sleeps 10 ms of it. */
const telling = { length: 25_000, milliseconds: 150 };

/** Has the kernels compiled, as far as the driver does that before they are used. Those of the first device may still be under way. */
export async function warmUpKernels(
  gpu: Gpu,
  kernels: readonly NewKernel[],
  compileBeside: CompileBeside,
): Promise<void> {
  const byLength = kernels.toSorted((first, second) => lengthOf(second) - lengthOf(first));
  const submit = (some: readonly NewKernel[]) => {
    // Together: a submission may wait for the one before it.
    gpu.device.queue.submit(some.map(({ warmUp }) => warmUp));
    gpu.check();
  };
  const total = byLength.reduce((sum, kernel) => sum + lengthOf(kernel), 0);
  if (kernels.length === 0) return;
  const canBeHelped = gpu.adapter.software && !gpu.isSecond && navigator.hardwareConcurrency > 1;
  if (!canBeHelped || total < worthSecondDevice) return submit(byLength);
  // The shortest that can tell shows whether the driver knows this model's kernels.
  const last = byLength.findLastIndex((kernel) => lengthOf(kernel) >= telling.length);
  const [probe] = byLength.splice(Math.max(0, last), 1);
  const start = performance.now();
  submit([probe!]);
  await gpu.finish();
  if (performance.now() - start < telling.milliseconds) return submit(byLength);
  const [own, others] = halves(byLength);
  const compiled = await compileBeside(others.map(({ dispatch }) => dispatch));
  submit(own);
  await compiled();
  submit(others);
}

function lengthOf({ dispatch: { variant } }: NewKernel): number {
  return variant.code.length;
}

/** Two parts of about the same length, the longest kernels first in each. */
function halves(byLength: readonly NewKernel[]): [NewKernel[], NewKernel[]] {
  const parts: [NewKernel[], NewKernel[]] = [[], []];
  const lengths: [number, number] = [0, 0];
  for (const kernel of byLength) {
    const shorter = lengths[0] <= lengths[1] ? 0 : 1;
    parts[shorter].push(kernel);
    lengths[shorter] += lengthOf(kernel);
  }
  return parts;
}
