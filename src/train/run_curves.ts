/** The picture of a run's curves, redrawn as the run goes. */

import { writeFileAtomic } from "../io/atomic.ts";
import { type Panel, renderCurves, type Series } from "../report/curves.ts";
import type { MetricsLine, Phase } from "./metrics_log.ts";

/** Milliseconds between two drawings, each of which takes about a second. */
const drawingInterval = 30_000;

export class RunCurves {
  private lastDrawn = -Infinity;

  constructor(
    private readonly path: string,
    private readonly title: string,
    /** What is drawn of the epochs' lines. */
    private readonly panels: (lines: readonly MetricsLine[]) => Panel[],
  ) {}

  /** Not more often than every half minute, unless it is the last time. */
  async draw(lines: readonly MetricsLine[], isLast: boolean): Promise<void> {
    if (!isLast && performance.now() - this.lastDrawn < drawingInterval) return;
    this.lastDrawn = performance.now();
    const png = await renderCurves({ title: this.title, xLabel: "epoch", panels: this.panels(lines) });
    await writeFileAtomic(this.path, png);
  }
}

/** A figure of one phase by epoch; epochs without it are left out. */
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
