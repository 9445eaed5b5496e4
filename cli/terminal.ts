/** What commands print while they work: on standard error, so that standard output holds the result alone. */

import { Progress } from "../src/report/progress.ts";
import { StopSignal } from "../src/report/stop_signal.ts";

/** Prints notes as lines and progress as a bar. */
export const terminal = {
  note: (text: string): void => console.error(text),
  progress: (label: string, total: number, alreadyDone = 0): Progress =>
    new Progress({ label, total, alreadyDone }),
};

/** On SIGINT or SIGTERM prints that the command stops after the current step or batch, and sets the exit code. */
export function stopAfter(part: "step" | "batch"): StopSignal {
  return new StopSignal((name) =>
    console.error(`${name}: stopping after this ${part}; send it again to stop at once`)
  );
}
