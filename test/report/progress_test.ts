/** Progress on a terminal and in a log. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { duration, Progress, type ProgressOptions } from "../../src/report/progress.ts";

/** A progress with recorded output and a clock that the test sets, in seconds. */
function recorded(options: Partial<ProgressOptions> & { isTerminal: boolean; columns?: number }) {
  const record = { text: "", time: 0 };
  const progress = new Progress({
    label: "epoch 1/3",
    total: 2000,
    now: () => record.time * 1000,
    output: {
      isTerminal: options.isTerminal,
      columns: options.columns ?? 120,
      write: (text) => void (record.text += text),
    },
    ...options,
  });
  return { progress, record };
}

/** The lines that a terminal shows: each carriage return starts a line over. */
function screen(text: string): string[] {
  return text.split("\n").map((line) => line.split("\r").at(-1)!.replaceAll("\x1b[K", ""));
}

Deno.test("Progress writes a line every ten seconds if the output is not a terminal", () => {
  const { progress, record } = recorded({ isTerminal: false });
  for (let step = 1; step <= 20; step++) {
    record.time = step * 1.5;
    progress.update(step * 100, `loss ${(1 / step).toFixed(2)}`);
  }
  progress.finish();
  assertEquals(record.text.split("\n"), [
    "epoch 1/3: 700/2,000 images (35 %), 66.7 images/s, 20 s left, loss 0.14",
    "epoch 1/3: 1,400/2,000 images (70 %), 66.7 images/s, 9 s left, loss 0.07",
    "epoch 1/3: 2,000/2,000 images (100 %), 66.7 images/s, took 30 s, loss 0.05",
    "",
  ]);
});

Deno.test("Progress redraws one line on a terminal, and finish replaces it", () => {
  const { progress, record } = recorded({ isTerminal: true });
  assertEquals(screen(record.text), ["epoch 1/3 ░░░░░░░░░░░░░░░░░░░░░░░░ 0/2,000 images (0 %)"]);
  record.time = 10;
  progress.update(1000, "loss 0.5");
  assertEquals(screen(record.text), [
    "epoch 1/3 ████████████░░░░░░░░░░░░ 1,000/2,000 images (50 %), 100 images/s, 10 s left, loss 0.5",
  ]);
  progress.log("checkpoint written");
  assertEquals(screen(record.text)[0], "checkpoint written");
  assertStringIncludes(screen(record.text)[1]!, "loss 0.5");
  record.time = 20;
  progress.update(2000);
  progress.finish("loss 0.4");
  assertEquals(screen(record.text).slice(1), [
    "epoch 1/3: 2,000/2,000 images (100 %), 100 images/s, took 20 s, loss 0.4",
    "",
  ]);
});

Deno.test("Progress redraws at most ten times a second", () => {
  const { progress, record } = recorded({ isTerminal: true });
  for (let step = 1; step <= 1000; step++) {
    record.time = step / 1000;
    progress.update(step);
  }
  const drawings = record.text.split("\r").length - 1;
  assert(drawings >= 10 && drawings <= 11, `${drawings} drawings in a second`);
});

Deno.test("Progress measures the rate over the last seconds, so that a slow start does not matter", () => {
  const { progress, record } = recorded({ isTerminal: false, total: 100_000, lineInterval: 0 });
  record.time = 60;
  progress.update(10);
  for (let step = 1; step <= 100; step++) {
    record.time = 60 + step;
    progress.update(10 + 1000 * step);
  }
  const lines = record.text.trimEnd().split("\n");
  assertStringIncludes(lines[0]!, "0.17 images/s");
  assertStringIncludes(lines[50]!, "1,000 images/s, 50 s left");
});

Deno.test("Progress leaves work of an earlier run out of the rate", () => {
  const { progress, record } = recorded({ isTerminal: false, alreadyDone: 1000 });
  assertEquals(progress.done, 1000);
  record.time = 10;
  progress.update(1100);
  assertStringIncludes(record.text, "1,100/2,000 images (55 %), 10 images/s, 1 min 30 s left");
});

Deno.test("Progress cuts a bar to the width of the terminal", () => {
  const { progress, record } = recorded({ isTerminal: true, columns: 40 });
  record.time = 1;
  progress.update(1, "a long text about the loss of this step");
  const line = screen(record.text)[0]!;
  assertEquals([...line].length, 39);
  assert(line.startsWith("epoch 1/3 ░"));
});

Deno.test("Progress of no work is complete", () => {
  const { progress, record } = recorded({ isTerminal: false, total: 0, unit: "files" });
  progress.finish();
  assertMatch(record.text, /^epoch 1\/3: 0\/0 files \(100 %\), took 0 s\n$/);
});

Deno.test("duration rounds to seconds or minutes", () => {
  assertEquals([0.4, 59.6, 200, 3599, 7500].map(duration), [
    "0 s",
    "1 min 0 s",
    "3 min 20 s",
    "59 min 59 s",
    "2 h 5 min",
  ]);
});
