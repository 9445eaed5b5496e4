/** Busy and idle time of the GPU. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { BusyTime } from "../../src/train/busy_time.ts";

Deno.test("the time between a step's end and the next step's start is idle", () => {
  const time = new BusyTime();
  for (const [begin, end] of [[5, 10], [12, 20], [19.5, 23]]) time.add({ begin: begin!, end: end! });
  assertEquals(time.figures(), {
    steps: 3,
    busy_milliseconds: 16.5,
    idle_milliseconds: 2,
    idle_share: 2 / 18.5,
    step_milliseconds: { median: 5, least: 3.5, most: 8 },
    gap_milliseconds: { median: 1, least: 0, most: 2 },
  });
});

Deno.test("neither interruptions nor the time between epochs count", () => {
  const [first, second] = [new BusyTime(), new BusyTime()];
  first.add({ begin: 0, end: 1 });
  first.interrupt();
  first.add({ begin: 100, end: 101 });
  first.add({ begin: 102, end: 104 });
  second.add({ begin: 1000, end: 1004 });
  const whole = BusyTime.together([first, second]);
  assertEquals(whole.steps, 4);
  assertAlmostEquals(whole.figures()!.idle_share, 1 / 9, 1e-12);
  assertEquals(
    whole.inWords(),
    "GPU idle 11.11% between steps (0.001 s of 0.009 s); 4 steps of 1.50 ms (median; 1.00 to 4.00)",
  );
  assertEquals(second.figures()!.gap_milliseconds, undefined);
  assertEquals([new BusyTime().figures(), new BusyTime().inWords()], [undefined, "no step"]);
});
