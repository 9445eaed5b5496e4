/** The connection between a command and the work that it starts. */

import type { Progress } from "./progress.ts";
import type { StopSignal } from "./stop_signal.ts";

/** What long work gets from its caller. */
export interface RunContext {
  /** Shows a one-line note to the user. */
  note(text: string): void;
  /** Starts showing the progress of `total` units of work. */
  progress(label: string, total: number, alreadyDone?: number): Progress;
  /** Its `exitCode` is set when the run should stop. */
  stop: Pick<StopSignal, "exitCode">;
  /** The versions of the programs in use, by name. */
  versions: Record<string, string>;
}
