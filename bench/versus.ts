/**
 * `bench:versus`: our training step and another program's in turns, A B A B, on one machine at one time. What the machine does
 * besides meets both alike, so that the median of the ratios means something where neither speed alone does.
 */

import { readOptions } from "../cli/options.ts";
import { run } from "../cli/run.ts";
import { DataError, UsageError } from "../src/errors.ts";
import { Gpu } from "../src/gpu/device.ts";
import type { FloatType } from "../src/graph/layout.ts";
import { printable } from "../src/io/printable.ts";
import { textTable } from "../src/report/table.ts";
import { checkSize, modelNamed, versusTable } from "./options.ts";
import { requirePrecision } from "../src/train/precision.ts";
import { spreadOf } from "./timing.ts";
import { openTuner } from "./tuning.ts";
import { TrainingStep } from "./training_step.ts";

const description = {
  name: "bench:versus",
  summary: "our training step and another program in turns, and the median of how many times faster ours is",
  examples: ["./vqray bench:versus --size 32 --batch 8 --versus 'python3 bench/pytorch.py vqvae 32 8'"],
};

/** The images a second in what the other program printed: the last line that is an object with a positive `img_s`. */
export function readPeerSpeed(command: string, output: string): number {
  for (const line of output.trim().split("\n").toReversed()) {
    try {
      const { img_s } = JSON.parse(line);
      if (Number.isFinite(img_s) && img_s > 0) return img_s;
    } catch {
      // Not every line is meant for us.
    }
  }
  throw new DataError(
    `${command}: expected a line of JSON with "img_s", and it printed ${printable(output) || "nothing"}`,
  );
}

async function runPeer(command: string): Promise<number> {
  const shell = Deno.build.os === "windows" ? ["cmd", "/c"] : ["sh", "-c"];
  const { success, code, stdout } = await new Deno.Command(shell[0]!, {
    args: [shell[1]!, command],
    stderr: "inherit",
  }).output();
  if (!success) throw new DataError(`${command}: it ended with exit code ${code}`);
  return readPeerSpeed(command, new TextDecoder().decode(stdout));
}

async function main(): Promise<void> {
  const options = readOptions(Deno.args, description, versusTable);
  if (!options) return;
  const { versus, size, batch, steps, rounds, adapter, tune } = options;
  if (versus === undefined) {
    throw new UsageError("--versus: expected the command that runs the other program");
  }
  const model = modelNamed(options.model);
  checkSize("size", model, size);
  const gpu = await Gpu.open({ adapter });
  const precision = options.precision as FloatType;
  requirePrecision({ precision }, gpu);
  const step = await TrainingStep.load(gpu, { model, size, batch, precision }, await openTuner(gpu, tune));
  // The first step compiles nothing any more, but it is the first to touch the memory.
  await step.run(2);
  const turns: { ours: number; theirs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await step.run(steps);
    const ours = batch * steps / (performance.now() - start) * 1000;
    turns.push({ ours, theirs: await runPeer(versus) });
  }
  await step.loss();
  step.destroy();
  gpu.close();
  const rows = turns.map((
    { ours, theirs },
  ) => [ours.toFixed(2), theirs.toFixed(2), (ours / theirs).toFixed(2)]);
  const median = spreadOf(turns.map(({ ours, theirs }) => ours / theirs)).median;
  const what = `${model}, ${size}×${size}, batch ${batch}, ${precision}`;
  console.log(`${gpu.adapter.name}, ${what}: images a second in turns\n`);
  console.log(`${textTable(["ours", "theirs", "ours / theirs"], rows)}\nmedian ratio ${median.toFixed(2)}`);
}

if (import.meta.main) await run(main);
