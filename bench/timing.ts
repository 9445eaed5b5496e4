/** How long a plan takes: by the GPU's own timestamps where there are any, else by the clock on the wall. */

import type { Executor } from "../src/gpu/executor.ts";
import type { Gpu } from "../src/gpu/device.ts";
import { wallTimes } from "../src/gpu/wall_time.ts";
import { type Spread, spreadOf } from "../src/metrics/spread.ts";

export { type Spread, spreadOf };

/** A wall clock is read over at least this long, so that the wait at the end hardly counts. */
const shortestWallMilliseconds = 200;

export class Stopwatch {
  /** True where times are the GPU's own. */
  usesTimestamps = false;

  /** `waitMilliseconds` is what waiting costs when there is nothing to wait for (Deno sleeps 10 ms). */
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

  /** Finds out whether timestamps tell anything, on a plan that keeps the GPU busy for a while. */
  async calibrate(executor: Executor): Promise<void> {
    const profile = await executor.profile();
    this.usesTimestamps = (profile?.reduce((sum, { milliseconds }) => sum + milliseconds, 0) ?? 0) > 0;
  }

  /** The time of all the plan's dispatches together, over `runs` runs. */
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

  /** The same without timestamps and in one pass, as a training step runs. */
  async timeOnTheWall(executor: Executor, runs: number): Promise<Spread> {
    const wait = this.waitMilliseconds;
    return spreadOf(await wallTimes(executor, { times: runs, shortest: shortestWallMilliseconds, wait }));
  }
}
