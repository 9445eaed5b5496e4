/** Progress of long work, on a terminal or in a log. */

/** Where progress is written. */
export interface ProgressOutput {
  /** Whether a line can be redrawn. */
  isTerminal: boolean;
  /** Characters in a line of the terminal. */
  columns: number;
  write(text: string): void;
}

/** Options of {@linkcode Progress}. */
export interface ProgressOptions {
  /** The name of the work, such as "epoch 3/560". */
  label: string;
  /** The total number of units of work. */
  total: number;
  /** Units that an earlier run has done. They do not count for the rate. Default: 0. */
  alreadyDone?: number;
  /** The name of a unit. Default: "images". */
  unit?: string;
  /** Default: the standard error of the process. */
  output?: ProgressOutput;
  /** Seconds between two lines if the output is not a terminal. Default: 10. */
  lineInterval?: number;
  /** A clock in milliseconds, for tests. Default: `performance.now`. */
  now?: () => number;
}

interface Sample {
  /** Seconds. */
  time: number;
  done: number;
}

/** Seconds between two redraws of the bar. */
const REDRAW_INTERVAL = 0.1;
/** The rate is measured over this many seconds. */
const RATE_WINDOW = 15;
/** In characters. */
const BAR_WIDTH = 24;

/**
 * Shows the progress of long work. On a terminal, it redraws a bar in place; elsewhere, it writes a line every ten
 * seconds. Both show the rate over the last seconds, the estimated time left, and a note of the caller, such as the
 * loss.
 *
 * There is no timer: a redraw happens in `update`, if the time for it has come.
 *
 * @example
 * ```ts
 * const progress = new Progress({ label: "epoch 1/40", total: 2048 });
 * for (let batch = 0; batch < 64; batch++) {
 *   const loss = 1 / (batch + 1); // a training step
 *   progress.update(progress.done + 32, `loss ${loss.toFixed(4)}`);
 * }
 * progress.finish(); // epoch 1/40: 2,048/2,048 images (100 %), …
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

  /** The number of units done. */
  get done(): number {
    return this.recent.at(-1)!.done;
  }

  /**
   * Reports progress.
   *
   * @param done the total number of units done so far
   * @param note a text to show; default: the previous one
   */
  update(done: number, note: string = this.note): void {
    const time = this.seconds();
    this.note = note;
    this.recent.push({ time, done });
    while (this.recent.length > 2 && this.recent[1]!.time < time - RATE_WINDOW) this.recent.shift();
    const interval = this.options.output.isTerminal ? REDRAW_INTERVAL : this.options.lineInterval;
    if (time - this.lastDrawn >= interval) this.draw();
  }

  /** Writes a line of text. On a terminal, the bar continues below it. */
  log(text: string): void {
    this.clear();
    this.options.output.write(`${text}\n`);
    if (this.options.output.isTerminal) this.draw();
  }

  /** Replaces the bar by a last line with the overall rate and the time that the work took. */
  finish(note: string = this.note): void {
    this.note = note;
    const elapsed = this.seconds() - this.start.time;
    const state = [this.countText(), this.rateText(this.start), `took ${duration(elapsed)}`, this.note];
    this.clear();
    this.options.output.write(`${this.options.label}: ${state.filter(Boolean).join(", ")}\n`);
  }

  /** Erases the bar, for example before an error is printed. */
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
    // A line that wraps cannot be redrawn.
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

/** The standard error of the process. A terminal that cannot move its cursor (TERM=dumb) counts as a log. */
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

/**
 * A time span for people to read, rounded to seconds, or to minutes from one hour on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([8, 200, 7500].map(duration), ["8 s", "3 min 20 s", "2 h 5 min"]);
 * ```
 */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}
