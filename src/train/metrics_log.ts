/** metrics.jsonl: one object a line, for each training step and for each epoch and phase. */

import { DataError } from "../errors.ts";

export type Phase = "train" | "valid";

/** A line of the log. */
export interface MetricsLine extends Record<string, unknown> {
  phase: Phase;
  epoch: number;
  step: number;
  /** True on the lines that sum up an epoch. */
  epoch_end?: true;
}

export class MetricsLog {
  private constructor(private readonly path: string, readonly epochs: MetricsLine[]) {}

  /** A new log. */
  static async create(path: string): Promise<MetricsLog> {
    await write(path, "");
    return new MetricsLog(path, []);
  }

  /** Goes on with a log, without the lines behind `step`, which will be made again. */
  static async reopen(path: string, step: number, epochs: number): Promise<MetricsLog> {
    const text = await Deno.readTextFile(path).catch(() => "");
    const lines = text.split("\n").filter((line) => line).map((line) => parse(path, line));
    const kept = lines.filter((line) => line.epoch_end ? line.epoch <= epochs : line.step <= step);
    await write(path, kept.map((line) => JSON.stringify(line) + "\n").join(""));
    return new MetricsLog(path, kept.filter((line) => line.epoch_end));
  }

  /** Adds lines at the end. */
  async add(lines: readonly MetricsLine[]): Promise<void> {
    this.epochs.push(...lines.filter((line) => line.epoch_end));
    await write(this.path, lines.map((line) => JSON.stringify(line) + "\n").join(""), { append: true });
  }
}

async function write(path: string, text: string, options: Deno.WriteFileOptions = {}): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, options);
  } catch (error) {
    throw new DataError(`${path}: cannot be written: ${(error as Error).message}`);
  }
}

function parse(path: string, line: string): MetricsLine {
  try {
    return JSON.parse(line);
  } catch {
    throw new DataError(`${path}: not a line of JSON: ${line.slice(0, 80)}`);
  }
}
