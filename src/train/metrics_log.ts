/** metrics.jsonl: one JSON object per line, for each training step and for each phase of each epoch. */

import { DataError } from "../errors.ts";

export type Phase = "train" | "valid";

/** A line of the log. */
export interface MetricsLine extends Record<string, unknown> {
  phase: Phase;
  epoch: number;
  step: number;
  /** True on lines with the means of an epoch. */
  epoch_end?: true;
}

/** The log of a run, which only grows. */
export class MetricsLog {
  /** `epochs` are the lines with the means of epochs so far. */
  private constructor(private readonly path: string, readonly epochs: MetricsLine[]) {}

  /**
   * Starts an empty log.
   *
   * @throws {DataError} if the file cannot be written.
   */
  static async create(path: string): Promise<MetricsLog> {
    await write(path, "");
    return new MetricsLog(path, []);
  }

  /**
   * Continues a log. Drops the lines after `step` and after epoch `epochs`, because the resumed run writes them again.
   *
   * @throws {DataError} if a line is not JSON, or the file cannot be written.
   */
  static async reopen(path: string, step: number, epochs: number): Promise<MetricsLog> {
    const text = await Deno.readTextFile(path).catch(() => "");
    const lines = text.split("\n").filter((line) => line).map((line) => parse(path, line));
    const kept = lines.filter((line) => line.epoch_end ? line.epoch <= epochs : line.step <= step);
    await write(path, kept.map((line) => JSON.stringify(line) + "\n").join(""));
    return new MetricsLog(path, kept.filter((line) => line.epoch_end));
  }

  /**
   * Appends lines.
   *
   * @throws {DataError} if the file cannot be written.
   */
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
