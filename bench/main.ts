/** `bench`: measures the adapter's ceilings, every kernel of a training step, and whole steps. */

import { readOptions } from "../cli/options.ts";
import { run } from "../cli/run.ts";
import { versions } from "../cli/versions.ts";
import { UsageError } from "../src/errors.ts";
import { Gpu } from "../src/gpu/device.ts";
import { writeFileAtomic } from "../src/io/atomic.ts";
import type { BenchCase } from "./cases.ts";
import { comparisonsFor } from "./comparisons.ts";
import { costsOf } from "./costs.ts";
import { matches, type Section, wantsSection } from "./filter.ts";
import { bestOf, measureCeilings, measureKernels } from "./kernels.ts";
import { extentsFor } from "./extents.ts";
import { benchCommand, type BenchValues, checkSize, readList } from "./options.ts";
import { describePlan } from "./plans.ts";
import {
  ceilingsTable,
  comparisonsTable,
  costsTable,
  familiesTable,
  kernelsTable,
  stepsTable,
} from "./report.ts";
import { format, kernelRow, readResults, type Results } from "./results.ts";
import type { StepRow } from "./rows.ts";
import { measureStep } from "./steps.ts";
import { Stopwatch } from "./timing.ts";
import { stepProgram } from "./training_step.ts";
import { openTuner } from "./tuning.ts";

async function main(): Promise<void> {
  const options = readOptions(Deno.args, benchCommand);
  if (!options) return;
  const sizes = readList("sizes", options.sizes);
  const batches = readList("batches", options.batches);
  for (const size of sizes) checkSize("sizes", options.model, size);
  if (options.plan) return await showPlans(options, sizes, batches);
  const old = options.compare === undefined ? undefined : await readResults(options.compare);
  const results = await measure(
    options,
    options.quick ? sizes.slice(0, 1) : sizes,
    options.quick ? batches.slice(0, 1) : batches,
    old,
  );
  if (options.json !== undefined) {
    await writeFileAtomic(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
  }
}

async function showPlans(
  { adapter, model, precision }: BenchValues,
  sizes: readonly number[],
  batches: readonly number[],
): Promise<void> {
  const gpu = await Gpu.open({ adapter });
  const { target } = gpu;
  gpu.close();
  console.log(`${gpu.adapter.name}`);
  for (const size of sizes) {
    for (const batch of batches) {
      console.log(`\n${model}, a training step, ${size}×${size}, batch ${batch}, ${precision}\n`);
      console.log(describePlan({ model, size, batch, precision }, target));
    }
  }
}

/** Measures all sections that the filter selects, and prints each when it is finished. */
async function measure(
  options: BenchValues,
  sizes: readonly number[],
  batches: readonly number[],
  old: Results | undefined,
): Promise<Results> {
  const gpu = await Gpu.open({ adapter: options.adapter });
  const stopwatch = await Stopwatch.make(gpu);
  const measured = await measureAllKernels(gpu, stopwatch, options, sizes, batches[0]!);
  gpu.close();
  const timestamps = stopwatch.usesTimestamps;
  console.log(gpu.adapter.name);
  printKernels({ ...measured, timestamps }, sizes, batches[0]!, old);
  const steps = await measureAllSteps(options, sizes, batches);
  const costs = costsOf(steps);
  printSteps({ steps, costs }, old);
  if (measured.comparisons.length + measured.kernels.length + steps.length === 0) {
    throw new UsageError(`--filter ${options.filter}: matches no row of a kernel or a training step`);
  }
  return {
    format,
    date: new Date().toISOString(),
    adapter: gpu.adapter.name,
    timestamps,
    versions,
    ...measured,
    steps,
    costs,
  };
}

function printKernels(
  { ceilings, comparisons, kernels, timestamps }: MeasuredKernels & Pick<Results, "timestamps">,
  sizes: readonly number[],
  batch: number,
  old: Results | undefined,
): void {
  if (ceilings) {
    const clock = timestamps ? "the GPU" : "the wall clock";
    console.log(`kernels timed by ${clock}\n\n${ceilingsTable(ceilings, old?.ceilings)}`);
  }
  if (comparisons.length > 0) {
    console.log(`\nkernels compared with the ceilings\n\n${comparisonsTable(comparisons, old)}`);
  }
  for (const size of sizes) {
    const rows = kernels.filter((row) => row.size === size);
    if (rows.length === 0) continue;
    const title = `kernels of a training step, ${size}×${size}, batch ${batch}`;
    console.log(`\n${title}\n\n${kernelsTable(rows, old)}\n\nby family\n\n${familiesTable(rows)}`);
  }
}

function printSteps({ steps, costs }: Pick<Results, "steps" | "costs">, old: Results | undefined): void {
  if (steps.length > 0) console.log(`\ntraining steps\n\n${stepsTable(steps, old)}`);
  if (costs.length < 2) return;
  console.log(
    `\ncost of a training image; 1.00 is linear in the batch or the pixels\n\n${costsTable(costs)}`,
  );
}

type MeasuredKernels = Pick<Results, "ceilings" | "comparisons" | "kernels">;

async function measureAllKernels(
  gpu: Gpu,
  stopwatch: Stopwatch,
  { model, quick, filter, tune }: BenchValues,
  sizes: readonly number[],
  batch: number,
): Promise<MeasuredKernels> {
  const [turns, runs] = quick ? [9, 3] : [15, 9];
  const wanted = (section: Section) => ({ name, shape, variant }: BenchCase) =>
    matches(filter, section, name, shape, variant);
  const comparisons = () =>
    comparisonsFor(gpu.target, extentsFor(gpu.adapter)).filter(({ each }) => wanted("ceiling")(each));
  const untuned = wantsSection(filter, "ceiling") ? comparisons() : [];
  const measuresSteps = wantsSection(filter, "kernel");
  if (untuned.length === 0 && !measuresSteps) return { comparisons: [], kernels: [] };
  const tuner = await openTuner(gpu, tune);
  for (const { each } of untuned) await tuner.prepare(each.program);
  // Made again, so that they are planned with the variants that the tuner has chosen.
  const compared = untuned.length > 0 ? comparisons() : [];
  console.error("measuring the adapter");
  const measured = await measureCeilings(gpu, stopwatch, turns, compared);
  let { ceilings } = measured;
  const timed = [];
  for (const size of measuresSteps ? sizes : []) {
    await tuner.prepare(stepProgram(model, size, batch));
    console.error(`checking and timing the kernels for ${size}×${size}, batch ${batch}`);
    const shape = { model, size, batch, runs };
    const cases = await measureKernels(gpu, stopwatch, shape, wanted("kernel"));
    timed.push(...cases.map((each) => ({ ...each, size })));
    ceilings = bestOf(ceilings, (await measureCeilings(gpu, stopwatch, turns)).ceilings);
  }
  const kernels = timed.map(({ each, size, milliseconds }) =>
    kernelRow(each, size, batch, milliseconds, ceilings)
  );
  return { ceilings, comparisons: measured.comparisons, kernels };
}

async function measureAllSteps(
  { adapter, tune, model, filter, precision, quick, steps }: BenchValues,
  sizes: readonly number[],
  batches: readonly number[],
): Promise<StepRow[]> {
  const rows: StepRow[] = [];
  if (!wantsSection(filter, "step")) return rows;
  for (const size of sizes) {
    for (const batch of batches) {
      if (!matches(filter, `step ${size}×${size} batch ${batch}`)) continue;
      console.error(`timing training steps of ${size}×${size}, batch ${batch}`);
      rows.push(
        await measureStep(
          { adapter, tune },
          { model, size, batch, precision },
          quick ? Math.min(steps, 5) : steps,
        ),
      );
    }
  }
  return rows;
}

await run(main);
