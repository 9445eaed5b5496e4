/** `bench`: the adapter's ceilings, every kernel of a training step against them, and whole training steps. */

import { type OptionValues, readOptions } from "../cli/options.ts";
import { run } from "../cli/run.ts";
import { versions } from "../cli/versions.ts";
import { UsageError } from "../src/errors.ts";
import { Gpu } from "../src/gpu/device.ts";
import type { FloatType } from "../src/graph/layout.ts";
import { writeFileAtomic } from "../src/io/atomic.ts";
import type { BenchCase } from "./cases.ts";
import { measureCeilings, measureKernels } from "./kernels.ts";
import type { ModelName } from "./models.ts";
import { benchTable, checkSize, modelNamed, readList } from "./options.ts";
import { describePlan } from "./plans.ts";
import { ceilingsTable, kernelsTable, matches, stepsTable } from "./report.ts";
import { format, kernelRow, readResults, type Results, type StepRow } from "./results.ts";
import { measureStep } from "./steps.ts";
import { Stopwatch } from "./timing.ts";

const description = {
  name: "bench",
  summary: "measures the adapter, every kernel of the codec's training step, and whole steps of either model",
  examples: [
    "./vqray bench --quick",
    "./vqray bench --json before.json",
    "./vqray bench --compare before.json --filter conv2d",
    "./vqray bench --sizes 256 --batches 2 --filter step",
    "./vqray bench --model densenet --sizes 224 --batches 32 --plan",
  ],
};

type Options = OptionValues<typeof benchTable>;

async function main(): Promise<void> {
  const options = readOptions(Deno.args, description, benchTable);
  if (!options) return;
  const sizes = readList("sizes", options.sizes);
  const batches = readList("batches", options.batches);
  const model = modelNamed(options.model);
  for (const size of sizes) checkSize("sizes", model, size);
  if (options.plan) return await showPlans(options, model, sizes, batches);
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
  { adapter, precision }: Options,
  model: ModelName,
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
      console.log(describePlan({ model, size, batch, precision: precision as FloatType }, target));
    }
  }
}

async function measure(
  options: Options,
  sizes: readonly number[],
  batches: readonly number[],
  old: Results | undefined,
): Promise<Results> {
  const gpu = await Gpu.open({ adapter: options.adapter });
  const stopwatch = await Stopwatch.make(gpu);
  // Dense blocks' kernels work in one another's memory: they are timed in whole steps only.
  const alone = options.model === "vqvae" ? sizes : [];
  const { ceilings, kernels } = await measureAllKernels(gpu, stopwatch, options, alone, batches[0]!);
  gpu.close();
  const clock = stopwatch.usesTimestamps ? "timed by the GPU" : "timed on the wall";
  console.log(`${gpu.adapter.name}, kernels ${clock}\n\n${ceilingsTable(ceilings, old?.ceilings)}`);
  for (const size of sizes) {
    const rows = kernels.filter((row) => row.size === size);
    if (rows.length === 0) continue;
    console.log(
      `\nkernels of a training step, ${size}×${size}, batch ${batches[0]}\n\n${kernelsTable(rows, old)}`,
    );
  }
  const steps = await measureAllSteps(options, sizes, batches);
  if (steps.length > 0) console.log(`\ntraining steps\n\n${stepsTable(steps, old)}`);
  if (kernels.length + steps.length === 0) {
    throw new UsageError(`--filter ${options.filter}: no kernel and no training step has that in its row`);
  }
  const date = new Date().toISOString();
  const timestamps = stopwatch.usesTimestamps;
  return { format, date, adapter: gpu.adapter.name, timestamps, versions, ceilings, kernels, steps };
}

async function measureAllKernels(
  gpu: Gpu,
  stopwatch: Stopwatch,
  { quick, filter }: Options,
  sizes: readonly number[],
  batch: number,
): Promise<Pick<Results, "ceilings" | "kernels">> {
  const runs = quick ? 3 : 9;
  const wanted = ({ name, shape, variant }: BenchCase) => matches(filter, "kernel", name, shape, variant);
  console.error("measuring the adapter");
  let ceilings = await measureCeilings(gpu, stopwatch, runs);
  const timed = [];
  for (const size of sizes) {
    console.error(`checking and timing the kernels for ${size}×${size}, batch ${batch}`);
    const cases = await measureKernels(gpu, stopwatch, { size, batch, runs }, wanted);
    timed.push(...cases.map((each) => ({ ...each, size })));
    ceilings = await measureCeilings(gpu, stopwatch, runs, ceilings);
  }
  const kernels = timed.map(({ each, size, milliseconds }) =>
    kernelRow(each, size, batch, milliseconds, ceilings)
  );
  return { ceilings, kernels };
}

async function measureAllSteps(
  { adapter, model, filter, precision, quick, steps }: Options,
  sizes: readonly number[],
  batches: readonly number[],
): Promise<StepRow[]> {
  const rows: StepRow[] = [];
  for (const size of sizes) {
    for (const batch of batches) {
      if (!matches(filter, `step ${size}×${size} batch ${batch}`)) continue;
      console.error(`timing training steps of ${size}×${size}, batch ${batch}`);
      rows.push(
        await measureStep(
          adapter,
          { model: modelNamed(model), size, batch, precision: precision as FloatType },
          quick ? Math.min(steps, 5) : steps,
        ),
      );
    }
  }
  return rows;
}

await run(main);
