/**
 * Traces for chrome://tracing and Perfetto: lanes of time spans on one clock.
 *
 * The format is Chrome's Trace Event Format, with its "Complete Events" and "Metadata Events".
 */

/** A time span. */
export interface TraceSpan {
  /** The group of lanes that the span belongs to. */
  process: string;
  lane: string;
  name: string;
  /** In milliseconds. */
  begin: number;
  /** In milliseconds. */
  end: number;
  /** Additional values that the viewer shows for the span. */
  details?: Readonly<Record<string, unknown>>;
}

/** The JSON text of a trace file. Processes and lanes are numbered in order of their first span. */
export function chromeTrace(spans: readonly TraceSpan[]): string {
  const processes = new Map<string, Map<string, number>>();
  const events: unknown[] = [];
  const numbersOf = ({ process, lane }: TraceSpan) => {
    let lanes = processes.get(process);
    if (!lanes) processes.set(process, lanes = new Map());
    const pid = [...processes.keys()].indexOf(process) + 1;
    const known = lanes.get(lane);
    if (known !== undefined) return { pid, tid: known };
    const tid = lanes.size + 1;
    lanes.set(lane, tid);
    if (tid === 1) events.push({ ph: "M", name: "process_name", pid, tid, args: { name: process } });
    events.push({ ph: "M", name: "thread_name", pid, tid, args: { name: lane } });
    return { pid, tid };
  };
  for (const span of spans) {
    const { name, begin, end, details } = span;
    const times = { ts: microseconds(begin), dur: microseconds(end - begin) };
    events.push({ ph: "X", name, ...numbersOf(span), ...times, ...details && { args: details } });
  }
  const lines = events.map((event) => JSON.stringify(event)).join(",\n");
  return `{"displayTimeUnit":"ms","traceEvents":[\n${lines}\n]}\n`;
}

function microseconds(milliseconds: number): number {
  return Number((1000 * milliseconds).toFixed(3));
}
