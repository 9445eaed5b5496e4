/** Reads losses in windows of several steps. The GPU works on the next step while the host handles a window. */

import type { RunProfile } from "./run_profile.ts";
import type { Trainer } from "./trainer.ts";

/** The scalars of consecutive steps. */
export interface Window {
  /** Of each step, in order. */
  scalars: readonly Record<string, number>[];
  /** The number of the window's last step, from 1. */
  lastStep: number;
  /** The time since the previous window was read. */
  milliseconds: number;
}

/** Hands the losses of submitted steps to a callback. */
export class LossReader {
  /** Steps submitted since the last window. */
  pending = 0;
  private reading: Promise<void> = Promise.resolve();
  private since = performance.now();

  /** `take` is called with one window after another, in order. */
  constructor(
    private readonly trainer: Trainer,
    private readonly take: (window: Window) => Promise<void>,
    private readonly profile?: RunProfile,
  ) {}

  /**
   * Closes the window after the last step and begins to read it. This blocks until the GPU has nothing to do (Deno's
   * way of mapping), so encode the next step before and submit it right after.
   */
  async beginReading(): Promise<void> {
    await this.settle();
    const { pending, trainer } = this;
    if (pending === 0) return;
    this.pending = 0;
    const blockedSince = performance.now();
    const readScalars = await trainer.stageScalars(pending);
    const readTimes = this.profile?.stage();
    const read = Promise.all([readScalars(), readTimes?.()]);
    trainer.timeline.since(blockedSince, "reading back losses");
    this.reading = this.hand(trainer.steps, read.then(([scalars]) => scalars));
    // The next `settle` throws the error; until then it is no unhandled rejection.
    this.reading.catch(() => {});
  }

  private async hand(lastStep: number, read: Promise<Window["scalars"]>): Promise<void> {
    const scalars = await read;
    const now = performance.now();
    const milliseconds = now - this.since;
    this.since = now;
    await this.take({ scalars, lastStep, milliseconds });
  }

  /** Waits until the window that is being read has been taken. Throws the error of reading or taking it. */
  settle(): Promise<void> {
    return this.reading;
  }

  /** Reads all remaining losses. */
  async flush(): Promise<void> {
    await this.beginReading();
    await this.settle();
  }
}
