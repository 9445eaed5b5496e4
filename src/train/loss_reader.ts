/** Reads losses back a window of steps at a time, and late: the GPU is already on the next step while the host looks at them. */

import type { RunProfile } from "./run_profile.ts";
import type { Trainer } from "./trainer.ts";

/** What the steps of a window have left. */
export interface Window {
  scalars: readonly Record<string, number>[];
  /** The number of the window's last step. */
  lastStep: number;
  /** Since the window before it was read. */
  milliseconds: number;
}

export class LossReader {
  /** Steps that were submitted since the last window. */
  pending = 0;
  private reading: Promise<void> = Promise.resolve();
  private since = performance.now();

  /** `take` gets the windows one after the other, in order. */
  constructor(
    private readonly trainer: Trainer,
    private readonly take: (window: Window) => Promise<void>,
    private readonly profile?: RunProfile,
  ) {}

  /**
   * Closes the window after the last step and begins to read it. This blocks until the GPU has nothing to do (Deno's way of
   * mapping), so encode the next step before and submit it right after.
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
    // Whoever waits for it next gets the error; until then it is not lost.
    this.reading.catch(() => {});
  }

  private async hand(lastStep: number, read: Promise<Window["scalars"]>): Promise<void> {
    const scalars = await read;
    const now = performance.now();
    const milliseconds = now - this.since;
    this.since = now;
    await this.take({ scalars, lastStep, milliseconds });
  }

  /** Waits until what is being read has been taken. Throws what was wrong with it. */
  settle(): Promise<void> {
    return this.reading;
  }

  /** Reads all that is left. */
  async flush(): Promise<void> {
    await this.beginReading();
    await this.settle();
  }
}
