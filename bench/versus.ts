/**
 * `bench:versus`: runs training steps of vqray and of another program in turns on the same machine. Other work on the
 * machine slows both down alike, so the median of the speed ratios is reliable even if neither speed is.
 */

import { readOptions } from "../cli/options.ts";
import { requireOption } from "../cli/required.ts";
import { run } from "../cli/run.ts";
import { DataError } from "../src/errors.ts";
import { Gpu } from "../src/gpu/device.ts";
import { printable } from "../src/io/printable.ts";
import { textTable } from "../src/report/table.ts";
import { requirePrecision } from "../src/train/precision.ts";
import { benchVersusCommand, checkSize } from "./options.ts";
import { spreadOf } from "./timing.ts";
import { openTuner } from "./tuning.ts";
import { TrainingStep } from "./training_step.ts";

/**
 * Reads the images per second from the other program's output: the last line that is a JSON object with a positive
 * `img_s`.
 *
 * @throws {DataError} if there is no such line
 */
export function readPeerSpeed(command: string, output: string): number {
  for (const line of output.trim().split("\n").toReversed()) {
    try {
      const { img_s } = JSON.parse(line);
      if (Number.isFinite(img_s) && img_s > 0) return img_s;
    } catch {
      // The program may print other lines.
    }
  }
  throw new DataError(
    `${command}: expected a line of JSON with "img_s", but it printed ${printable(output) || "nothing"}`,
  );
}

async function runPeer(command: string): Promise<number> {
  const shell = Deno.build.os === "windows" ? ["cmd", "/c"] : ["sh", "-c"];
  const { success, code, stdout } = await new Deno.Command(shell[0]!, {
    args: [shell[1]!, command],
    stderr: "inherit",
  }).output();
  if (!success) throw new DataError(`${command}: failed with exit code ${code}`);
  return readPeerSpeed(command, new TextDecoder().decode(stdout));
}

async function main(): Promise<void> {
  const options = readOptions(Deno.args, benchVersusCommand);
  if (!options) return;
  const { model, size, batch, precision, steps, rounds, adapter, tune } = options;
  const versus = requireOption("versus", options.versus, "the command that runs the other program");
  checkSize("size", model, size);
  const gpu = await Gpu.open({ adapter });
  requirePrecision({ precision }, gpu);
  const step = await TrainingStep.load(gpu, { model, size, batch, precision }, await openTuner(gpu, tune));
  // All kernels are compiled, but the first step is the first to use the memory.
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
