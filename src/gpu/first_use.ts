/**
 * Compiles kernels before their first use, on drivers that otherwise compile each at its first dispatch. Mesa's
 * software adapter is one: it takes seconds for a model, on one processor. If it has not compiled these kernels on an
 * earlier run, a second device compiles half of them at the same time; the first device then finds them in the
 * driver's cache on disk.
 */

import type { PlannedDispatch } from "../plan/plan.ts";
import type { Gpu } from "./device.ts";

/** A kernel that the device has not run yet. */
export interface NewKernel {
  dispatch: PlannedDispatch;
  /** Its dispatch over no workgroups: the driver compiles the kernel and computes nothing. */
  warmUp: GPUCommandBuffer;
}

/**
 * Starts compiling the dispatches' kernels on a second device. The function that it returns waits until they are
 * compiled, and closes the device.
 */
export type CompileBeside = (dispatches: readonly PlannedDispatch[]) => Promise<() => Promise<void>>;

/** Characters of code from which on a second device saves time; less code is compiled before the device is open. */
const leastCodeForSecondDevice = 200_000;

/**
 * Compiling a kernel at least this long takes more than `milliseconds`, and finding it in the driver's cache takes
 * less. Ten milliseconds of any wait are Deno's polling.
 */
const cacheProbe = { leastLength: 25_000, milliseconds: 150 };

/**
 * Has the driver compile kernels. Those given to the first device may still be compiling when the promise is resolved.
 *
 * @throws {Error} if WebGPU reports an error
 */
export async function warmUpKernels(
  gpu: Gpu,
  kernels: readonly NewKernel[],
  compileBeside: CompileBeside,
): Promise<void> {
  if (kernels.length === 0) return;
  const byLength = kernels.toSorted((first, second) => lengthOf(second) - lengthOf(first));
  const submit = (some: readonly NewKernel[]) => {
    // In one submission, since a submission may wait for the one before it.
    gpu.device.queue.submit(some.map(({ warmUp }) => warmUp));
    gpu.check();
  };
  const total = byLength.reduce((sum, kernel) => sum + lengthOf(kernel), 0);
  const canShare = !gpu.isSecond && navigator.hardwareConcurrency > 1;
  if (!canShare || total < leastCodeForSecondDevice) return submit(byLength);
  const probe = takeProbe(byLength);
  const start = performance.now();
  submit([probe]);
  await gpu.finish();
  const isCached = performance.now() - start < cacheProbe.milliseconds;
  if (isCached) return submit(byLength);
  const [own, others] = splitByLength(byLength);
  const compiled = await compileBeside(others.map(({ dispatch }) => dispatch));
  submit(own);
  await compiled();
  submit(others);
}

/** Removes the shortest kernel that is long enough to show whether the driver has it in its cache, else the longest. */
function takeProbe(byLength: NewKernel[]): NewKernel {
  const last = byLength.findLastIndex((kernel) => lengthOf(kernel) >= cacheProbe.leastLength);
  return byLength.splice(Math.max(0, last), 1)[0]!;
}

function lengthOf({ dispatch: { variant } }: NewKernel): number {
  return variant.code.length;
}

/** Two parts with about the same amount of code; the longest kernels come first in each. */
function splitByLength(byLength: readonly NewKernel[]): [NewKernel[], NewKernel[]] {
  const parts: [NewKernel[], NewKernel[]] = [[], []];
  const lengths: [number, number] = [0, 0];
  for (const kernel of byLength) {
    const shorter = lengths[0] <= lengths[1] ? 0 : 1;
    parts[shorter].push(kernel);
    lengths[shorter] += lengthOf(kernel);
  }
  return parts;
}
