/** The picture of a run's curves, which is redrawn while the run lasts. */

import { writeFileAtomic } from "../io/atomic.ts";
import { type Panel, renderCurves, type Series } from "../report/curves.ts";
import type { MetricsLine, Phase } from "./metrics_log.ts";

/** Milliseconds between two drawings. Each takes about a second. */
const drawingInterval = 30_000;

/** Draws the curves of one run to one file. */
export class RunCurves {
  private lastDrawn = -Infinity;

  constructor(
    private readonly path: string,
    private readonly title: string,
    /** Makes the panels from the epochs' lines. */
    private readonly panels: (lines: readonly MetricsLine[]) => Panel[],
  ) {}

  /** Draws the curves, at most every 30 seconds unless `isLast`. */
  async draw(lines: readonly MetricsLine[], isLast: boolean): Promise<void> {
    if (!isLast && performance.now() - this.lastDrawn < drawingInterval) return;
    this.lastDrawn = performance.now();
    const png = await renderCurves({ title: this.title, xLabel: "epoch", panels: this.panels(lines) });
    await writeFileAtomic(this.path, png);
  }
}

/** One figure of one phase by epoch; NaN for epochs without it. */
export function series(
  lines: readonly MetricsLine[],
  phase: Phase,
  name: string,
  figure: (line: MetricsLine) => unknown,
): Series {
  const points = lines.filter((line) => line.phase === phase)
    .map((line): [number, number] => [line.epoch, figure(line) as number ?? NaN]);
  return { name, points };
}
