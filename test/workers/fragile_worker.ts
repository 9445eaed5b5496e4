/// <reference lib="deno.worker" />
/** A worker that does what a test asks of it: answer, refuse, wait, loop for ever or die. */
import type { WorkerAnswer, WorkerCall } from "../../src/workers/worker_client.ts";

self.onmessage = async ({ data: { id, request } }: MessageEvent<WorkerCall>) => {
  if (request === "die") {
    setTimeout(() => {
      throw new Error("out of breath");
    });
    return;
  }
  if (request === "never") return;
  if (request === "spin") { while (true); }
  if (request === "slow") await new Promise((resolve) => setTimeout(resolve, 300));
  const answer: WorkerAnswer = request === "refuse"
    ? { id, error: "x.h5: refused" }
    : { id, reply: `${request} done` };
  self.postMessage(answer);
};
