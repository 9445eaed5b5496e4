/** How long a plan takes by the computer's clock, for adapters without a usable clock of their own. */

import type { Executor } from "./executor.ts";

/** Options for {@linkcode wallTimes}. */
export interface WallTimeOptions {
  /** The number of measurements. */
  times: number;
  /**
   * Milliseconds that a measurement lasts at least; the plan is repeated until then, so that the wait at the end
   * hardly counts.
   */
  shortest: number;
  /** Milliseconds that waiting takes when the GPU is idle, to be subtracted; default: 0. */
  wait?: number;
}

/** Milliseconds of one run of the plan, measured `times` times. */
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
