/** Records what the host does between training steps; a run with `--profile` has one that keeps what it records. */

import type { TimedSlot } from "../gpu/executor.ts";

/** In the order in which the host does them. */
export const activities = [
  "waiting for data",
  "uploading",
  "encoding",
  "submitting",
  "reading back losses",
] as const;

/** Something that the host spends time on. */
export type Activity = typeof activities[number];

/** Receives the times of a trainer's activities. */
export interface Timeline {
  /** Runs `work` and records how long it takes. */
  time<Result>(activity: Activity, work: () => Result): Result;
  /** Records an activity from `begin`, a value of `performance.now()`, until now. */
  since(begin: number, activity: Activity): void;
  /** The slot for the GPU's time of the step that follows `steps` others; undefined if it is not timed. */
  slotOf(steps: number): TimedSlot | undefined;
  /** Called right before the step that follows `steps` others is submitted. */
  submitting(steps: number): void;
}

/** Records nothing. */
export const untimed: Timeline = {
  time: (_, work) => work(),
  since: () => {},
  slotOf: () => undefined,
  submitting: () => {},
};
