/** The GPU's clock compared with the computer's. */

import { assert, assertEquals } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import { tickOf, Timestamps } from "../../src/gpu/timestamps.ts";

async function withTimestamps(slots: number, test: (gpu: Gpu, timestamps: Timestamps) => Promise<void>) {
  const gpu = await Gpu.open();
  const timestamps = await Timestamps.make(gpu, slots);
  if (timestamps) {
    await test(gpu, timestamps);
    timestamps.destroy();
    assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  } else console.log("not tested: the adapter has no timestamps");
  gpu.close();
}

function mark(gpu: Gpu, timestamps: Timestamps, slots: readonly number[]): void {
  const encoder = gpu.device.createCommandEncoder();
  for (const slot of slots) encoder.beginComputePass({ timestampWrites: timestamps.writes(slot) }).end();
  gpu.device.queue.submit([encoder.finish()]);
}

Deno.test("a pause is equally long on the computer's clock and on the GPU's", () =>
  withTimestamps(2, async (gpu, timestamps) => {
    assert(await tickOf(gpu) > 0);
    await gpu.finish();
    const start = performance.now();
    mark(gpu, timestamps, [0]);
    await gpu.finish();
    const done = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const least = performance.now() - done;
    mark(gpu, timestamps, [1]);
    await gpu.finish();
    const most = performance.now() - start;
    const [first, second] = await timestamps.stage([0, 1]).read();
    const pause = second!.begin - first!.end;
    assert(pause >= 0.99 * least && pause <= 1.01 * most, `${pause} ms of ${least} to ${most}`);
  }));

Deno.test("slots are read in the order given, on one clock, and unwritten ones are left alone", () =>
  withTimestamps(2100, async (gpu, timestamps) => {
    // More than the 2048 slots of one query set.
    mark(gpu, timestamps, [2099, 0, 2047, 2048]);
    const first = await timestamps.stage([2099, 0, 2047, 2048]).read();
    const all = first.flatMap(({ begin, end }) => [begin, end]);
    assertEquals(all[0], 0);
    assertEquals(all, all.toSorted((a, b) => a - b));
    mark(gpu, timestamps, [7]);
    const second = await timestamps.stage([7, 0]).read();
    assertEquals(second.length, 2);
    assert(second[0]!.begin >= all.at(-1)!, "time goes on from one reading to the next");
    assertEquals(second[1], first[1]);
  }));

Deno.test("a device without timestamps has no slots", async () => {
  const gpu = await Gpu.open({ timestamps: false });
  assertEquals(await Timestamps.make(gpu, 4), undefined);
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
});
