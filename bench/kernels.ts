/** Measures the adapter's ceilings, and the kernels of a training step against them. */

import type { Gpu } from "../src/gpu/device.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { type BenchCase, caseOf, casesOf } from "./cases.ts";
import { copy, count, multiplyAdd, product } from "./ceilings.ts";
import { isolatedGroups } from "./isolation.ts";
import { measureCase, withCase } from "./measure.ts";
import type { ModelName } from "./models.ts";
import type { Ceilings } from "./results.ts";
import type { Spread, Stopwatch } from "./timing.ts";
import { stepProgram } from "./training_step.ts";

const multiplyAddElements = 2 ** 20;
const copyElements = 2 ** 23;
const countedDispatches = 1000;

/** A float64 reference of more work than this takes seconds: the same kernel is then checked with fewer images. */
const mostReferenceFlops = 3e8;
const imagesOfCheck = 2;

/**
 * The adapter's ceilings; calibrates the stopwatch on the way. Each is the best of its runs, and of what was measured
 * `before`: what else the machine does can only hide a ceiling.
 */
export async function measureCeilings(
  gpu: Gpu,
  stopwatch: Stopwatch,
  runs: number,
  before?: Ceilings,
): Promise<Ceilings> {
  const arithmetic = caseOf(multiplyAdd(multiplyAddElements), gpu.target);
  await withCase(gpu, arithmetic, (executor) => stopwatch.calibrate(executor));
  const least = async (each: BenchCase) =>
    (await measureCase(gpu, each, (executor) => stopwatch.time(executor, runs))).least;
  const copied = caseOf(copy(copyElements), gpu.target);
  const multiplied = caseOf(product(), gpu.target);
  const counted = caseOf(count(countedDispatches), gpu.target);
  const inOnePass = await measureCase(gpu, counted, (executor) => stopwatch.timeOnTheWall(executor, runs));
  const ceilings: Ceilings = {
    gigaflops: arithmetic.flops / await least(arithmetic) / 1e6,
    gigabytes: copied.bytes / await least(copied) / 1e6,
    productGigaflops: multiplied.flops / await least(multiplied) / 1e6,
    dispatchMicroseconds: 1000 * inOnePass.least / countedDispatches,
  };
  return before ? bestOf(before, ceilings) : ceilings;
}

function bestOf(first: Ceilings, second: Ceilings): Ceilings {
  return {
    gigaflops: Math.max(first.gigaflops, second.gigaflops),
    gigabytes: Math.max(first.gigabytes, second.gigabytes),
    productGigaflops: Math.max(first.productGigaflops, second.productGigaflops),
    dispatchMicroseconds: Math.min(first.dispatchMicroseconds, second.dispatchMicroseconds),
  };
}

/** A case and its times, in milliseconds. */
export interface TimedCase {
  each: BenchCase;
  milliseconds: Spread;
}

/** Every kernel of a training step at every shape that it has there and that is `wanted`, checked and timed. */
export async function measureKernels(
  gpu: Gpu,
  stopwatch: Stopwatch,
  { model, size, batch, runs }: { model: ModelName; size: number; batch: number; runs: number },
  wanted: (each: BenchCase) => boolean,
): Promise<TimedCase[]> {
  const { target } = gpu;
  // The same groups in the same order, made when the first of them is needed.
  let small: Tensor[] | undefined;
  const timed: TimedCase[] = [];
  for (const each of casesOf(stepProgram(model, size, batch), target).filter(wanted)) {
    const isLarge = each.flops > mostReferenceFlops && batch > imagesOfCheck;
    if (isLarge) small ??= isolatedGroups(stepProgram(model, size, imagesOfCheck), target);
    const checked = isLarge ? caseOf(small![each.group]!, target) : undefined;
    const milliseconds = await measureCase(gpu, each, (executor) => stopwatch.time(executor, runs), checked);
    timed.push({ each, milliseconds });
  }
  return timed;
}
