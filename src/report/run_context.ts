/** What a command hands to the work that it starts: where notes and progress go, and whether to stop. */

import type { Progress } from "./progress.ts";
import type { StopSignal } from "./stop_signal.ts";

/** What long work is given by its caller. */
export interface RunContext {
  note(text: string): void;
  progress(label: string, total: number, alreadyDone?: number): Progress;
  /** Whose exitCode is set when the run is to end. */
  stop: Pick<StopSignal, "exitCode">;
  versions: Record<string, string>;
}
