/** Surroundings of runs in tests, and readers of the files that runs leave. */

import { join } from "node:path";
import { Progress } from "../../src/report/progress.ts";
import type { RunContext } from "../../src/report/run_context.ts";

const silent = { isTerminal: false, columns: 80, write() {} };

/**
 * A context without output. `onProgress` is called with each update and can ask the run to stop; notes are added to
 * `notes`.
 */
export function context(
  onProgress: (done: number, stop: { exitCode?: number }) => void = () => {},
  notes: string[] = [],
): RunContext {
  const stop: { exitCode: number | undefined } = { exitCode: undefined };
  return {
    note: (text) => notes.push(text),
    stop,
    versions: { vqray: "test" },
    progress: (label, total, alreadyDone = 0) =>
      new class extends Progress {
        override update(done: number, note?: string) {
          super.update(done, note);
          onProgress(done, stop);
        }
      }({ label, total, alreadyDone, output: silent }),
  };
}

// deno-lint-ignore no-explicit-any -- lines of several kinds, as JSON has them
export type Line = any;

/** The lines of a run's metrics.jsonl. */
export async function metricsOf(folder: string): Promise<Line[]> {
  const text = await Deno.readTextFile(join(folder, "metrics.jsonl"));
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

/** The lines without the figures that depend on time. */
export function timeless(lines: readonly Line[]): Line[] {
  return lines.map(({ images_per_s: _, ...rest }) => rest);
}

/** The bytes of a checkpoint's two files. */
export async function checkpointBytes(folder: string, name: string): Promise<Uint8Array[]> {
  const path = join(folder, "checkpoint", name);
  return [await Deno.readFile(`${path}.safetensors`), await Deno.readFile(`${path}.optimizer.safetensors`)];
}
