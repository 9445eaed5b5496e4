/** The GPU's own clock: when compute passes began and ended, kept on the GPU and read every few steps. */

import type { PlanPart } from "../plan/reduction.ts";
import type { Gpu } from "./device.ts";

/** When the GPU began and ended a pass, in milliseconds on its own clock, whose zero is arbitrary. */
export interface Interval {
  begin: number;
  end: number;
}

/** Copies of timestamps that have been submitted but not yet read. */
export interface StagedIntervals {
  /** Waits for all submitted work. */
  read(): Promise<Interval[]>;
}

/** The bytes of a slot: WebGPU resolves queries to multiples of 256 bytes only. */
const slotBytes = 256;
/** The slots of a query set: WebGPU allows 4096 queries in one, and a slot takes two. */
const slotsPerSet = 4096 / 2;

/** Slots of two timestamps each: when a pass began, and when it ended. */
export class Timestamps {
  /** The first tick read. Counting from it keeps milliseconds exact as floating-point numbers. */
  private zero: bigint | undefined;

  private constructor(
    private readonly gpu: Gpu,
    private readonly sets: readonly GPUQuerySet[],
    private readonly resolved: GPUBuffer,
    private readonly mapped: GPUBuffer,
    /** Milliseconds per tick. */
    private readonly tick: number,
  ) {}

  /** Makes `slots` slots; undefined if the device has no timestamps. */
  static async make(gpu: Gpu, slots: number): Promise<Timestamps | undefined> {
    if (!gpu.device.features.has("timestamp-query")) return undefined;
    return await Timestamps.withTick(gpu, slots, await tickOf(gpu));
  }

  /** Makes `slots` slots for ticks of a known length in milliseconds. */
  static async withTick(gpu: Gpu, slots: number, tick: number): Promise<Timestamps> {
    const sets: GPUQuerySet[] = [];
    for (let first = 0; first < slots; first += slotsPerSet) {
      const count = 2 * Math.min(slotsPerSet, slots - first);
      sets.push(
        await gpu.scoped("timestamps", () => gpu.device.createQuerySet({ type: "timestamp", count })),
      );
    }
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const bytes = slots * slotBytes;
    const resolved = await gpu.allocate("timestamps", bytes, QUERY_RESOLVE | COPY_SRC);
    const mapped = await gpu.allocate("timestamps read back", bytes, MAP_READ | COPY_DST);
    return new Timestamps(gpu, sets, resolved, mapped, tick);
  }

  /**
   * The descriptor's member with which a pass writes its times into a slot. Of a plan that runs in two parts, the first
   * writes the beginning and the second the end.
   */
  writes(slot: number, part?: PlanPart): GPUComputePassTimestampWrites {
    const index = 2 * (slot % slotsPerSet);
    return {
      querySet: this.sets[Math.floor(slot / slotsPerSet)]!,
      ...(part !== "after reduction" && { beginningOfPassWriteIndex: index }),
      ...(part !== "before reduction" && { endOfPassWriteIndex: index + 1 }),
    };
  }

  /**
   * Submits copies of slots, following the work submitted so far. Read them before staging others. Stage only slots
   * whose pass has been submitted: some adapters wait forever for a timestamp that is never written.
   */
  stage(slots: readonly number[]): StagedIntervals {
    const { gpu, sets, resolved, mapped } = this;
    const encoder = gpu.device.createCommandEncoder({ label: "timestamps" });
    for (const [row, slot] of slots.entries()) {
      const set = sets[Math.floor(slot / slotsPerSet)]!;
      encoder.resolveQuerySet(set, 2 * (slot % slotsPerSet), 2, resolved, row * slotBytes);
    }
    encoder.copyBufferToBuffer(resolved, 0, mapped, 0, slots.length * slotBytes);
    gpu.device.queue.submit([encoder.finish()]);
    return { read: () => this.read(slots.length) };
  }

  private async read(count: number): Promise<Interval[]> {
    const ticks = new BigUint64Array((await this.gpu.map(this.mapped)).slice(0));
    this.mapped.unmap();
    const zero = this.zero ??= ticks[0]!;
    const milliseconds = (index: number) => Number(ticks[index]! - zero) * this.tick;
    return Array.from({ length: count }, (_, row) => ({
      begin: milliseconds(row * slotBytes / 8),
      end: milliseconds(row * slotBytes / 8 + 1),
    }));
  }

  /** Frees the query sets and buffers. */
  destroy(): void {
    for (const set of this.sets) set.destroy();
    this.gpu.free(this.resolved);
    this.gpu.free(this.mapped);
  }
}

const nanosecond = 1e-6;
const calibrationMilliseconds = 100;
const ticks = new WeakMap<Gpu, Promise<number>>();

/**
 * Milliseconds per tick of the GPU's clock. WebGPU in Deno returns raw ticks, so they are compared with the
 * computer's clock, once for each device.
 */
export function tickOf(gpu: Gpu): Promise<number> {
  let tick = ticks.get(gpu);
  if (!tick) ticks.set(gpu, tick = calibrate(gpu));
  return tick;
}

async function calibrate(gpu: Gpu): Promise<number> {
  const marks = await Timestamps.withTick(gpu, 2, 1);
  await gpu.finish();
  const before: number[] = [], after: number[] = [];
  for (const slot of [0, 1]) {
    before.push(performance.now());
    const encoder = gpu.device.createCommandEncoder({ label: "calibration" });
    encoder.beginComputePass({ timestampWrites: marks.writes(slot) }).end();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.finish();
    after.push(performance.now());
    if (slot === 0) await new Promise((resolve) => setTimeout(resolve, calibrationMilliseconds));
  }
  const [first, second] = await marks.stage([0, 1]).read();
  marks.destroy();
  const counted = second!.begin - first!.begin;
  // Each pass ran between the times taken before and after it, however busy the computer is.
  const [least, most] = [before[1]! - after[0]!, after[1]! - before[0]!];
  const inNanoseconds = counted * nanosecond;
  const areNanoseconds = inNanoseconds > 0.9 * least && inNanoseconds < 1.1 * most;
  return areNanoseconds ? nanosecond : (before[1]! - before[0]!) / counted;
}
