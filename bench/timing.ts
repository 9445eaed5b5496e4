/** How long a plan takes: by the GPU's own timestamps where there are any, else by the clock on the wall. */

import type { Executor } from "../src/gpu/executor.ts";
import type { Gpu } from "../src/gpu/device.ts";

/** Times of several runs, in milliseconds, or rates of them. */
export interface Spread {
  median: number;
  least: number;
  most: number;
}

/** Median, least and most of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("Cannot take the median of nothing");
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1]!;
  const lower = sorted[(sorted.length - 1) >> 1]!;
  return { median: (lower + upper) / 2, least: sorted[0]!, most: sorted.at(-1)! };
}

/** A wall clock is read over at least this long, so that the wait at the end hardly counts. */
const shortestWallMilliseconds = 200;
/** Timestamps are taken for nanoseconds unless they are off by more than this: then they are an adapter's own ticks. */
const plainTicks = [0.3, 3] as const;

export class Stopwatch {
  /** Real milliseconds for each millisecond that timestamps claim; undefined where there are none. */
  private tickScale: number | undefined;

  /** `waitMilliseconds` is what waiting costs when there is nothing to wait for (Deno sleeps 10 ms). */
  private constructor(private readonly gpu: Gpu, readonly waitMilliseconds: number) {}

  static async make(gpu: Gpu): Promise<Stopwatch> {
    const waits: number[] = [];
    for (let run = 0; run < 5; run++) {
      const start = performance.now();
      await gpu.finish();
      waits.push(performance.now() - start);
    }
    return new Stopwatch(gpu, spreadOf(waits).median);
  }

  /** True where times are the GPU's own. */
  get usesTimestamps(): boolean {
    return this.tickScale !== undefined;
  }

  /** Compares timestamps with the wall clock on a plan that keeps the GPU busy for a while. */
  async calibrate(executor: Executor): Promise<void> {
    const start = performance.now();
    const profile = await executor.profile();
    const wall = performance.now() - start - this.waitMilliseconds;
    const claimed = profile?.reduce((sum, { milliseconds }) => sum + milliseconds, 0) ?? 0;
    if (claimed <= 0) return;
    const scale = wall / claimed;
    this.tickScale = scale > plainTicks[0] && scale < plainTicks[1] ? 1 : scale;
  }

  /** The time of all the plan's dispatches together, over `runs` runs. */
  async time(executor: Executor, runs: number): Promise<Spread> {
    if (this.tickScale !== undefined) {
      const times: number[] = [];
      for (let run = 0; run < runs; run++) {
        const profile = await executor.profile();
        times.push(this.tickScale * profile!.reduce((sum, { milliseconds }) => sum + milliseconds, 0));
      }
      const spread = spreadOf(times);
      if (spread.median > 0) return spread;
    }
    return await this.timeOnTheWall(executor, runs);
  }

  /** The same without timestamps and in one pass, as a training step runs. */
  async timeOnTheWall(executor: Executor, runs: number): Promise<Spread> {
    let repetitions = 1;
    while (await this.wallMilliseconds(executor, repetitions) < shortestWallMilliseconds) repetitions *= 4;
    const times: number[] = [];
    for (let run = 0; run < runs; run++) {
      times.push(await this.wallMilliseconds(executor, repetitions) / repetitions);
    }
    return spreadOf(times);
  }

  private async wallMilliseconds(executor: Executor, repetitions: number): Promise<number> {
    const start = performance.now();
    for (let run = 0; run < repetitions; run++) executor.run();
    await this.gpu.finish();
    return performance.now() - start - this.waitMilliseconds;
  }
}
