/** Where progress is written: a terminal, on which a line can be redrawn, or anything else. */
export interface ProgressOutput {
  isTerminal: boolean;
  /** Places in a line of the terminal. */
  columns: number;
  write(text: string): void;
}

/** What a `Progress` shows, and how. */
export interface ProgressOptions {
  /** What is being done, such as "epoch 3/560". */
  label: string;
  /** Units of work in all. */
  total: number;
  /** Units that an earlier run did, and that do not count for the rate. */
  alreadyDone?: number;
  /** What is counted; "images" by default. */
  unit?: string;
  /** The process's standard error by default. */
  output?: ProgressOutput;
  /** Seconds between two lines where there is no terminal; 10 by default. */
  lineInterval?: number;
  /** The time in milliseconds; a test's own clock. */
  now?: () => number;
}

interface Sample {
  /** Seconds. */
  time: number;
  done: number;
}

/** Seconds between two drawings of a bar. */
const REDRAW_INTERVAL = 0.1;
/** Seconds over which the rate is taken. */
const RATE_WINDOW = 15;
const BAR_WIDTH = 24;

/**
 * Progress of long work: a bar that is redrawn on a terminal, a line every ten seconds elsewhere; both with the rate
 * of the last seconds, the time that remains, and a text of the caller's, such as the loss.
 * It has no timer of its own: `update` draws when it is time to.
 *
 * @example
 * ```ts
 * const progress = new Progress({ label: "epoch 1/40", total: 2048 });
 * for (const batch of batches) progress.update(progress.done + batch.count, `loss ${loss.toFixed(4)}`);
 * progress.finish();
 * ```
 */
export class Progress {
  private readonly options: Required<ProgressOptions>;
  private readonly start: Sample;
  private recent: Sample[];
  private note = "";
  private lastDrawn: number;

  constructor(options: ProgressOptions) {
    this.options = {
      unit: "images",
      alreadyDone: 0,
      output: standardError(),
      lineInterval: 10,
      now: () => performance.now(),
      ...options,
    };
    this.start = { time: this.seconds(), done: this.options.alreadyDone };
    this.recent = [this.start];
    this.lastDrawn = this.start.time;
    if (this.options.output.isTerminal) this.draw();
  }

  /** Units of work done. */
  get done(): number {
    return this.recent.at(-1)!.done;
  }

  /** Tells that `done` units are done in all, and what to say about them. */
  update(done: number, note: string = this.note): void {
    const time = this.seconds();
    this.note = note;
    this.recent.push({ time, done });
    while (this.recent.length > 2 && this.recent[1]!.time < time - RATE_WINDOW) this.recent.shift();
    const interval = this.options.output.isTerminal ? REDRAW_INTERVAL : this.options.lineInterval;
    if (time - this.lastDrawn >= interval) this.draw();
  }

  /** Writes a line of its own; a bar goes on below it. */
  log(text: string): void {
    this.clear();
    this.options.output.write(`${text}\n`);
    if (this.options.output.isTerminal) this.draw();
  }

  /** Shows the last state, with the rate over all, and leaves it standing. */
  finish(note: string = this.note): void {
    this.note = note;
    const elapsed = this.seconds() - this.start.time;
    const state = [this.countText(), this.rateText(this.start), `took ${duration(elapsed)}`, this.note];
    this.clear();
    this.options.output.write(`${this.options.label}: ${state.filter(Boolean).join(", ")}\n`);
  }

  /** Takes a bar away, as before an error is told. */
  clear(): void {
    if (this.options.output.isTerminal) this.options.output.write("\r\x1b[K");
  }

  private draw(): void {
    this.lastDrawn = this.seconds();
    const { label, output } = this.options;
    const state = [this.countText(), this.rateText(this.recent[0]!), this.remainingText(), this.note]
      .filter(Boolean).join(", ");
    if (!output.isTerminal) return output.write(`${label}: ${state}\n`);
    const filled = Math.round(BAR_WIDTH * this.fraction());
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    // A line that wraps could not be redrawn.
    output.write(`\r${[...`${label} ${bar} ${state}`].slice(0, output.columns - 1).join("")}\x1b[K`);
  }

  private countText(): string {
    const { total, unit } = this.options;
    const percent = Math.floor(100 * this.fraction());
    return `${this.done.toLocaleString("en")}/${total.toLocaleString("en")} ${unit} (${percent} %)`;
  }

  private rateText(since: Sample): string {
    const rate = this.rate(since);
    if (rate === undefined) return "";
    const digits = rate < 10 ? 2 : rate < 100 ? 1 : 0;
    return `${rate.toLocaleString("en", { maximumFractionDigits: digits })} ${this.options.unit}/s`;
  }

  private remainingText(): string {
    const rate = this.rate(this.recent[0]!);
    return rate ? `${duration((this.options.total - this.done) / rate)} left` : "";
  }

  private rate(since: Sample): number | undefined {
    const last = this.recent.at(-1)!;
    return last.time > since.time ? (last.done - since.done) / (last.time - since.time) : undefined;
  }

  private fraction(): number {
    const { total } = this.options;
    return total > 0 ? Math.min(1, this.done / total) : 1;
  }

  private seconds(): number {
    return this.options.now() / 1000;
  }
}

/** Standard error; a terminal that cannot move its cursor counts as none. */
export function standardError(): ProgressOutput {
  const isTerminal = Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb";
  const encoder = new TextEncoder();
  return {
    isTerminal,
    get columns() {
      try {
        return Deno.consoleSize().columns;
      } catch {
        return 80;
      }
    },
    write(text) {
      let bytes = encoder.encode(text);
      while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
    },
  };
}

/** A time span as people say it: "8 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}
