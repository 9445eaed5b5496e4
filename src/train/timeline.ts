/** What the host does between two training steps, as a run with `--profile` notes it. */

import type { TimedSlot } from "../gpu/executor.ts";

/** In the order in which they follow each other. */
export const activities = [
  "waiting for data",
  "uploading",
  "encoding",
  "submitting",
  "reading back losses",
] as const;

export type Activity = typeof activities[number];

export interface Timeline {
  /** Notes how long `work` takes. */
  time<Result>(activity: Activity, work: () => Result): Result;
  /** Notes what began at `begin`, of `performance.now()`, and ends now. */
  since(begin: number, activity: Activity): void;
  /** Where the time of the step behind so many others is to go, if anywhere. */
  slotOf(steps: number): TimedSlot | undefined;
  /** The step behind so many others is about to be submitted. */
  submitting(steps: number): void;
}

/** Notes nothing. */
export const untimed: Timeline = {
  time: (_, work) => work(),
  since: () => {},
  slotOf: () => undefined,
  submitting: () => {},
};
