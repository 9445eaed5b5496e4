/** How long the GPU worked on training steps, and how long it was idle between them. */

import type { Interval } from "../gpu/timestamps.ts";
import { type Spread, spreadOf } from "../metrics/spread.ts";

/** The figures of an epoch or a run in profile.json. */
export interface BusyFigures {
  steps: number;
  busy_milliseconds: number;
  idle_milliseconds: number;
  /** The idle time as a share of all time from the start of the first step to the end of the last, 0 to 1. */
  idle_share: number;
  step_milliseconds: Spread;
  /** Between one step and the next. */
  gap_milliseconds?: Spread;
}

/** Adds up busy and idle time over consecutive steps. */
export class BusyTime {
  private durations: number[] = [];
  private gaps: number[] = [];
  private previousEnd: number | undefined;

  /** The sum of several spans of time; the time between the spans does not count. */
  static together(parts: readonly BusyTime[]): BusyTime {
    const whole = new BusyTime();
    whole.durations = parts.flatMap(({ durations }) => durations);
    whole.gaps = parts.flatMap(({ gaps }) => gaps);
    return whole;
  }

  get steps(): number {
    return this.durations.length;
  }

  /** Adds the next step. */
  add({ begin, end }: Interval): void {
    this.durations.push(end - begin);
    // A pass may start before the timestamp of the previous pass's end is written.
    if (this.previousEnd !== undefined) this.gaps.push(Math.max(0, begin - this.previousEnd));
    this.previousEnd = end;
  }

  /** Leaves out the time until the next step. */
  interrupt(): void {
    this.previousEnd = undefined;
  }

  /** Undefined without any step. */
  figures(): BusyFigures | undefined {
    const { durations, gaps, steps } = this;
    if (steps === 0) return undefined;
    const [busy, idle] = [sum(durations), sum(gaps)];
    return {
      steps,
      busy_milliseconds: busy,
      idle_milliseconds: idle,
      idle_share: idle / (busy + idle),
      step_milliseconds: spreadOf(durations),
      gap_milliseconds: gaps.length > 0 ? spreadOf(gaps) : undefined,
    };
  }

  /** The figures in one line of text. */
  inWords(): string {
    const figures = this.figures();
    if (!figures) return "no step";
    const { steps, busy_milliseconds: busy, idle_milliseconds: idle, idle_share } = figures;
    const { median, least, most } = figures.step_milliseconds;
    return `GPU idle ${(100 * idle_share).toFixed(2)}% between steps (${seconds(idle)} of ${
      seconds(busy + idle)
    }); ${steps} steps of ${median.toFixed(2)} ms (median; ${least.toFixed(2)} to ${most.toFixed(2)})`;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`;
}
