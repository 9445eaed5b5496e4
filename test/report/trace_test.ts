/** Trace files. */

import { assertEquals } from "@std/assert";
import { chromeTrace } from "../../src/report/trace.ts";

Deno.test("chromeTrace names each process and lane once, and counts in microseconds", () => {
  const text = chromeTrace([
    { process: "host", lane: "encoding", name: "encoding", begin: 1, end: 1.5 },
    { process: "GPU", lane: "steps", name: "step 1", begin: 2, end: 4.0004, details: { flops: 3 } },
    { process: "host", lane: "uploading", name: "uploading", begin: 3, end: 3.25 },
    { process: "host", lane: "encoding", name: "encoding", begin: 5, end: 6 },
  ]);
  const { traceEvents, displayTimeUnit } = JSON.parse(text);
  assertEquals(displayTimeUnit, "ms");
  assertEquals(traceEvents, [
    { ph: "M", name: "process_name", pid: 1, tid: 1, args: { name: "host" } },
    { ph: "M", name: "thread_name", pid: 1, tid: 1, args: { name: "encoding" } },
    { ph: "X", name: "encoding", pid: 1, tid: 1, ts: 1000, dur: 500 },
    { ph: "M", name: "process_name", pid: 2, tid: 1, args: { name: "GPU" } },
    { ph: "M", name: "thread_name", pid: 2, tid: 1, args: { name: "steps" } },
    { ph: "X", name: "step 1", pid: 2, tid: 1, ts: 2000, dur: 2000.4, args: { flops: 3 } },
    { ph: "M", name: "thread_name", pid: 1, tid: 2, args: { name: "uploading" } },
    { ph: "X", name: "uploading", pid: 1, tid: 2, ts: 3000, dur: 250 },
    { ph: "X", name: "encoding", pid: 1, tid: 1, ts: 5000, dur: 1000 },
  ]);
  assertEquals(JSON.parse(chromeTrace([])).traceEvents, []);
});
