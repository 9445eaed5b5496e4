/** How long a plan takes by the clock on the wall, for adapters whose own clock tells nothing. */

import type { Executor } from "./executor.ts";

export interface WallTimeOptions {
  /** How often it is timed. */
  times: number;
  /** It runs again and again until this many milliseconds are full, so that the wait at the end hardly counts. */
  shortest: number;
  /** Milliseconds that waiting takes when there is nothing to wait for. */
  wait?: number;
}

/** Milliseconds of one run, so many times: in one pass, as a training step runs. */
export async function wallTimes(
  executor: Executor,
  { times, shortest, wait = 0 }: WallTimeOptions,
): Promise<number[]> {
  const { gpu } = executor.memory;
  const timeOf = async (repetitions: number) => {
    const start = performance.now();
    for (let run = 0; run < repetitions; run++) executor.run();
    await gpu.finish();
    return performance.now() - start - wait;
  };
  let repetitions = 1;
  while (await timeOf(repetitions) < shortest) repetitions *= 4;
  const measured: number[] = [];
  for (let time = 0; time < times; time++) measured.push(await timeOf(repetitions) / repetitions);
  return measured;
}
