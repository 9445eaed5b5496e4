/** `--profile`: records how busy the GPU is, where a step's time goes, and what the host does meanwhile. */

import { join } from "node:path";
import type { Gpu } from "../gpu/device.ts";
import type { DispatchTime, TimedSlot } from "../gpu/executor.ts";
import { type Interval, Timestamps } from "../gpu/timestamps.ts";
import { writeFileAtomic } from "../io/atomic.ts";
import { operationShares, operationTable } from "../report/operation_table.ts";
import { chromeTrace, type TraceSpan } from "../report/trace.ts";
import { BusyTime } from "./busy_time.ts";
import { ringCapacity } from "./scalar_ring.ts";
import { activities, type Activity, type Timeline } from "./timeline.ts";

/** Steps before the step whose dispatches are timed. */
const warmUpSteps = 3;
/** Trace viewers become slow with more. */
const mostSpans = 20_000;

interface SubmittedStep {
  /** From 1. */
  step: number;
  /** A value of `performance.now()`. */
  at: number;
}

/** The timeline of a profiled run. It changes no result. */
export class RunProfile implements Timeline {
  private readonly spans: TraceSpan[] = [];
  private readonly host = Object.fromEntries(activities.map((name) => [name, 0])) as Record<Activity, number>;
  /** Submitted steps whose times have not been staged. */
  private submitted: SubmittedStep[] = [];
  private steps = 0;
  private epoch = new BusyTime();
  private readonly epochs: BusyTime[] = [];
  private detailed: { step: number; times: readonly DispatchTime[] } | undefined;

  private constructor(
    private readonly gpu: Gpu,
    private readonly note: (text: string) => void,
    private readonly timestamps: Timestamps | undefined,
  ) {}

  /** Starts a profile; `note` prints its results. */
  static async start(gpu: Gpu, note: (text: string) => void): Promise<RunProfile> {
    const timestamps = await Timestamps.make(gpu, ringCapacity);
    if (!timestamps) {
      note(
        `profile: ${gpu.adapter.name} has no timestamps: only the host's work is timed`,
      );
    }
    return new RunProfile(gpu, note, timestamps);
  }

  time<Result>(activity: Activity, work: () => Result): Result {
    const begin = performance.now();
    try {
      return work();
    } finally {
      this.since(begin, activity);
    }
  }

  since(begin: number, activity: Activity): void {
    const end = performance.now();
    this.host[activity] += end - begin;
    this.addSpan({ process: "host", lane: activity, name: activity, begin, end });
  }

  slotOf(steps: number): TimedSlot | undefined {
    return this.timestamps && { timestamps: this.timestamps, slot: steps % ringCapacity };
  }

  submitting(steps: number): void {
    this.steps++;
    this.submitted.push({ step: steps + 1, at: performance.now() });
  }

  /**
   * Stages the times of the steps submitted since the last call, at most ringCapacity. The returned function reads and
   * keeps them.
   */
  stage(): () => Promise<void> {
    const { submitted, timestamps, epoch } = this;
    this.submitted = [];
    if (submitted.length === 0 || !timestamps) return () => Promise.resolve();
    const staged = timestamps.stage(submitted.map(({ step }) => (step - 1) % ringCapacity));
    const isFirst = this.steps === submitted.length;
    return async () => this.keep(submitted, await staged.read(), epoch, isFirst);
  }

  private keep(
    submitted: readonly SubmittedStep[],
    intervals: readonly Interval[],
    epoch: BusyTime,
    isFirst: boolean,
  ): void {
    // During the run's first step the driver may still compile kernels.
    intervals.slice(isFirst ? 1 : 0).forEach((interval) => epoch.add(interval));
    const offset = wallOffset(submitted, intervals);
    intervals.forEach(({ begin, end }, index) =>
      this.addSpan({
        process: "GPU",
        lane: "steps",
        name: `step ${submitted[index]!.step}`,
        begin: begin + offset,
        end: end + offset,
      })
    );
  }

  /** True if the dispatches of the next step are to be timed. */
  get wantsDetail(): boolean {
    return this.timestamps !== undefined && this.detailed === undefined && this.steps >= warmUpSteps;
  }

  /**
   * Runs a step whose dispatches are timed. All earlier steps must have been read. The step counts in no other figure.
   */
  async detail(steps: number, run: () => Promise<readonly DispatchTime[]>): Promise<void> {
    const at = performance.now();
    const times = await run();
    this.steps++;
    this.epoch.interrupt();
    this.detailed = { step: steps + 1, times };
    const offset = at - times[0]!.begin;
    for (const { dispatch: { label, operation, variant, flops, bytes }, begin, end } of times) {
      const details = { label, kernel: variant.label, flops, bytes };
      const [from, to] = [begin + offset, end + offset];
      this.addSpan({ process: "GPU", lane: "dispatches", name: operation, begin: from, end: to, details });
    }
  }

  /** Prints how busy the GPU was in an epoch, all of whose steps have been read, and starts the next epoch. */
  endEpoch(number: number): void {
    this.epochs.push(this.epoch);
    if (this.epoch.steps > 0) this.note(`profile: epoch ${number}: ${this.epoch.inWords()}`);
    this.epoch = new BusyTime();
  }

  /**
   * Prints the run's figures and writes them to profile.json and trace.json in `folder`.
   *
   * @throws {DataError} if a file cannot be written.
   */
  async finish(folder: string): Promise<void> {
    const { gpu, note, host, detailed, steps } = this;
    if (this.epoch.steps > 0) this.epochs.push(this.epoch);
    const whole = BusyTime.together(this.epochs);
    if (whole.steps > 0) note(`profile: the run: ${whole.inWords()}`);
    const operations = operationShares(
      (detailed?.times ?? []).map(({ dispatch: { operation, flops, bytes }, milliseconds }) => ({
        operation,
        milliseconds,
        flops,
        bytes,
      })),
    );
    if (detailed) {
      note(`profile: step ${detailed.step} by operation, each dispatch in a pass of its own:`);
      note(operationTable(operations));
    } else if (this.timestamps) {
      note(`profile: no step by operation: the run has ${steps} steps, expected more than ${warmUpSteps}`);
    }
    const content = {
      adapter: gpu.adapter.name,
      timestamps: this.timestamps !== undefined,
      steps,
      gpu: this.timestamps && whole.figures(),
      epochs: this.timestamps && this.epochs.map((epoch) => epoch.figures()),
      host_milliseconds: host,
      pipelines: gpu.pipelineCount,
      detailed_step: detailed?.step,
      operations,
    };
    await writeFileAtomic(join(folder, "profile.json"), JSON.stringify(content, null, 2) + "\n");
    await writeFileAtomic(join(folder, "trace.json"), chromeTrace(this.spans));
    const cut = this.spans.length === mostSpans ? `; the trace ends after ${mostSpans} spans` : "";
    note(`profile: ${join(folder, "profile.json")} and trace.json, for chrome://tracing or Perfetto${cut}`);
    this.timestamps?.destroy();
  }

  private addSpan(span: TraceSpan): void {
    if (this.spans.length < mostSpans) this.spans.push(span);
  }
}

/**
 * The difference of the host's clock and the GPU's, in milliseconds. No step starts before it is submitted, and a step
 * that finds the GPU idle starts at once, so it is the largest difference of a step's submission and its start.
 */
function wallOffset(submitted: readonly SubmittedStep[], intervals: readonly Interval[]): number {
  return Math.max(...submitted.map(({ at }, index) => at - intervals[index]!.begin));
}
