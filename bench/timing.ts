/** Measures how long a plan takes: by the GPU's timestamps if it has them, otherwise by the wall clock. */

import type { Executor } from "../src/gpu/executor.ts";
import type { Gpu } from "../src/gpu/device.ts";
import { wallTimes } from "../src/gpu/wall_time.ts";
import { type Spread, spreadOf } from "../src/metrics/spread.ts";

export { type Spread, spreadOf };

/** The wall clock measures at least this long, so that the wait at the end hardly counts. */
const shortestWallMilliseconds = 200;

export class Stopwatch {
  /** Whether times are the GPU's own. */
  usesTimestamps = false;

  /** `waitMilliseconds` is the time that a wait takes if the GPU is idle (Deno sleeps 10 ms). */
  private constructor(readonly waitMilliseconds: number) {}

  static async make(gpu: Gpu): Promise<Stopwatch> {
    const waits: number[] = [];
    for (let run = 0; run < 5; run++) {
      const start = performance.now();
      await gpu.finish();
      waits.push(performance.now() - start);
    }
    return new Stopwatch(spreadOf(waits).median);
  }

  /** Finds out whether timestamps work, on a plan that keeps the GPU busy for a while. */
  async calibrate(executor: Executor): Promise<void> {
    const profile = await executor.profile();
    this.usesTimestamps = (profile?.reduce((sum, { milliseconds }) => sum + milliseconds, 0) ?? 0) > 0;
  }

  /** The time of all dispatches of the plan together, in milliseconds, over `runs` runs. */
  async time(executor: Executor, runs: number): Promise<Spread> {
    if (this.usesTimestamps) {
      const times: number[] = [];
      for (let run = 0; run < runs; run++) {
        const profile = await executor.profile();
        times.push(profile!.reduce((sum, { milliseconds }) => sum + milliseconds, 0));
      }
      const spread = spreadOf(times);
      if (spread.median > 0) return spread;
    }
    return await this.timeOnTheWall(executor, runs);
  }

  /** The same by the wall clock and in one pass, as a training step runs. */
  async timeOnTheWall(executor: Executor, runs: number): Promise<Spread> {
    const wait = this.waitMilliseconds;
    return spreadOf(await wallTimes(executor, { times: runs, shortest: shortestWallMilliseconds, wait }));
  }
}
