/** What commands say while they work: on standard error, so that standard output is their result alone. */

import { Progress } from "../src/report/progress.ts";
import { StopSignal } from "../src/report/stop_signal.ts";

/** Notes as lines, progress as a bar. */
export const terminal = {
  note: (text: string): void => console.error(text),
  progress: (label: string, total: number, alreadyDone = 0): Progress =>
    new Progress({ label, total, alreadyDone }),
};

/** SIGINT and SIGTERM ask for an end behind the current `part` of the work, which is said. */
export function stopAfter(part: "step" | "batch"): StopSignal {
  return new StopSignal((name) =>
    console.error(`${name}: stopping after this ${part}; once more ends at once`)
  );
}
