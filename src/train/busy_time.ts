/** How much of the time the GPU was at work on steps, and how much it stood idle between one and the next. */

import type { Interval } from "../gpu/timestamps.ts";
import { type Spread, spreadOf } from "../metrics/spread.ts";

/** What profile.json says of an epoch or a run. */
export interface BusyFigures {
  steps: number;
  busy_milliseconds: number;
  idle_milliseconds: number;
  /** Of the time from the first step's begin to the last one's end, from 0 to 1. */
  idle_share: number;
  step_milliseconds: Spread;
  /** Between one step and the next. */
  gap_milliseconds?: Spread;
}

export class BusyTime {
  private durations: number[] = [];
  private gaps: number[] = [];
  private previousEnd: number | undefined;

  /** The sum of several spans of time; what lies between them does not count. */
  static together(parts: readonly BusyTime[]): BusyTime {
    const whole = new BusyTime();
    whole.durations = parts.flatMap(({ durations }) => durations);
    whole.gaps = parts.flatMap(({ gaps }) => gaps);
    return whole;
  }

  get steps(): number {
    return this.durations.length;
  }

  /** A step behind those before it. */
  add({ begin, end }: Interval): void {
    this.durations.push(end - begin);
    // A pass may begin before the end of the one before it has been noted.
    if (this.previousEnd !== undefined) this.gaps.push(Math.max(0, begin - this.previousEnd));
    this.previousEnd = end;
  }

  /** The time up to the next step does not count. */
  interrupt(): void {
    this.previousEnd = undefined;
  }

  /** Of at least one step. */
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

  /** One line. */
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
