/**
 * Chrome's trace event format, which chrome://tracing and Perfetto show: lanes of spans on one clock.
 * (Trace Event Format, "Complete Events" and "Metadata Events".)
 */

/** Something that took time. */
export interface TraceSpan {
  /** The group of lanes that it belongs to. */
  process: string;
  lane: string;
  name: string;
  /** Milliseconds. */
  begin: number;
  end: number;
  details?: Readonly<Record<string, unknown>>;
}

/** A trace file's JSON; processes and lanes are in the order in which they first come. */
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
