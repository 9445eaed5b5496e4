/** Measures the adapter's ceilings, and the kernels of a training step against them. */

import type { Gpu } from "../src/gpu/device.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { type BenchCase, caseOf, casesOf } from "./cases.ts";
import { copy, count, multiplyAdd, product } from "./ceilings.ts";
import type { Comparison } from "./comparisons.ts";
import { checkedElements, extentsFor } from "./extents.ts";
import { isolatedGroups } from "./isolation.ts";
import { measureCase, measureInTurns, withCase } from "./measure.ts";
import type { ModelName } from "./models.ts";
import { comparisonRow } from "./results.ts";
import type { Ceilings, ComparisonRow } from "./rows.ts";
import type { Spread, Stopwatch } from "./timing.ts";
import { stepProgram } from "./training_step.ts";

const countedDispatches = 1000;

/** A larger float64 reference takes seconds: the kernel is then checked with fewer images. */
const mostOfReference = { flops: 3e8, bytes: 1e8 };
const imagesOfCheck = 2;

/** The number of timed runs of all kernels of a step together; each run waits ten milliseconds. */
const mostTimedRuns = 3000;
const fewestRuns = 3;

/** The adapter's ceilings, and the kernels that were timed in the same turns. */
export interface MeasuredCeilings {
  ceilings: Ceilings;
  comparisons: ComparisonRow[];
}

/**
 * Measures the adapter's ceilings and the kernels to be `compared` with them, and calibrates the stopwatch. Each
 * ceiling is the best of its turns, since other work on the machine can only make it look lower.
 */
export async function measureCeilings(
  gpu: Gpu,
  stopwatch: Stopwatch,
  turns: number,
  compared: readonly Comparison[] = [],
): Promise<MeasuredCeilings> {
  const { target } = gpu;
  const { multiplied, streamed } = extentsFor(gpu.adapter);
  const checkedCase = (make: (elements: number) => Tensor, elements: number) => ({
    each: caseOf(make(elements), target),
    small: elements > checkedElements ? caseOf(make(checkedElements), target) : undefined,
  });
  const bounds = [
    checkedCase(multiplyAdd, multiplied),
    checkedCase(copy, streamed),
    { each: caseOf(product(), target) },
  ] as const;
  const [arithmetic, copied, products] = bounds.map(({ each }) => each) as [BenchCase, BenchCase, BenchCase];
  await withCase(gpu, arithmetic, ({ executor }) => stopwatch.calibrate(executor));
  const [first, second, third, ...rest] = await measureInTurns(
    gpu,
    [...bounds, ...compared],
    (executor) => stopwatch.time(executor, 1),
    turns,
  );
  const counted = { each: caseOf(count(countedDispatches), target) };
  const inOnePass = await measureCase(gpu, counted, (executor) => stopwatch.timeOnTheWall(executor, turns));
  const ceilings: Ceilings = {
    gigaflops: arithmetic.flops / first!.least / 1e6,
    gigabytes: copied.bytes / second!.least / 1e6,
    productGigaflops: products.flops / third!.least / 1e6,
    dispatchMicroseconds: 1000 * inOnePass.least / countedDispatches,
  };
  const comparisons = compared.map((comparison, index) => comparisonRow(comparison, rest[index]!, ceilings));
  return { ceilings, comparisons };
}

/** The better of two measurements, ceiling by ceiling. */
export function bestOf(first: Ceilings, second: Ceilings): Ceilings {
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

/** Checks and times every kernel of a training step at each of its shapes, if `wanted` accepts it. */
export async function measureKernels(
  gpu: Gpu,
  stopwatch: Stopwatch,
  { model, size, batch, runs }: { model: ModelName; size: number; batch: number; runs: number },
  wanted: (each: BenchCase) => boolean,
): Promise<TimedCase[]> {
  const { target } = gpu;
  const cases = casesOf(stepProgram(model, size, batch), target).filter(wanted);
  const enough = Math.max(fewestRuns, Math.min(runs, Math.floor(mostTimedRuns / cases.length)));
  // The same groups in the same order for a smaller batch, made when the first of them is needed.
  let groups: Tensor[] | undefined;
  const timed: TimedCase[] = [];
  for (const each of cases) {
    const isLarge = batch > imagesOfCheck &&
      (each.flops > mostOfReference.flops || each.bytes > mostOfReference.bytes);
    if (isLarge) groups ??= isolatedGroups(stepProgram(model, size, imagesOfCheck), target);
    const small = isLarge ? caseOf(groups![each.group]!, target) : undefined;
    const milliseconds = await measureCase(
      gpu,
      { each, small },
      (executor) => stopwatch.time(executor, enough),
    );
    timed.push({ each, milliseconds });
  }
  return timed;
}
