/** The GPU's own clock: when the passes of steps began and ended, kept on the GPU and read every few steps. */

import type { PlanPart } from "../plan/reduction.ts";
import type { Gpu } from "./device.ts";

/** From when to when the GPU was at work, in milliseconds on its own clock, whose zero means nothing. */
export interface Interval {
  begin: number;
  end: number;
}

/** Copies that were submitted; `read` waits for them, and for all that was submitted before. */
export interface StagedIntervals {
  read(): Promise<Interval[]>;
}

/** WebGPU resolves queries to multiples of this many bytes; each slot has so many, for its begin and its end. */
const slotBytes = 256;
/** WebGPU allows no larger set. */
const mostSlots = 4096 / 2;

/** Two timestamps for each of so many slots. */
export class Timestamps {
  /** The first tick that was read: from there on milliseconds have all the digits that they need. */
  private zero: bigint | undefined;

  private constructor(
    private readonly gpu: Gpu,
    private readonly sets: readonly GPUQuerySet[],
    private readonly resolved: GPUBuffer,
    private readonly mapped: GPUBuffer,
    /** Milliseconds in a tick. */
    private readonly tick: number,
  ) {}

  /** Undefined where the adapter has no timestamps. */
  static async make(gpu: Gpu, slots: number): Promise<Timestamps | undefined> {
    if (!gpu.device.features.has("timestamp-query")) return undefined;
    return await Timestamps.withTick(gpu, slots, await tickOf(gpu));
  }

  /** The same for ticks of a known length. */
  static async withTick(gpu: Gpu, slots: number, tick: number): Promise<Timestamps> {
    const sets: GPUQuerySet[] = [];
    for (let first = 0; first < slots; first += mostSlots) {
      const count = 2 * Math.min(mostSlots, slots - first);
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

  /** For the pass whose times go to a slot. If a plan runs in two parts, the first writes the beginning, the second the end. */
  writes(slot: number, part?: PlanPart): GPUComputePassTimestampWrites {
    const index = 2 * (slot % mostSlots);
    return {
      querySet: this.sets[Math.floor(slot / mostSlots)]!,
      ...(part !== "after reduction" && { beginningOfPassWriteIndex: index }),
      ...(part !== "before reduction" && { endOfPassWriteIndex: index + 1 }),
    };
  }

  /**
   * Submits copies of slots, behind all that was submitted so far; they are read before others are staged. Only slots whose
   * pass was submitted: some adapters wait for ever for a timestamp that nobody writes.
   */
  stage(slots: readonly number[]): StagedIntervals {
    const { gpu, sets, resolved, mapped } = this;
    const encoder = gpu.device.createCommandEncoder({ label: "timestamps" });
    for (const [row, slot] of slots.entries()) {
      const set = sets[Math.floor(slot / mostSlots)]!;
      encoder.resolveQuerySet(set, 2 * (slot % mostSlots), 2, resolved, row * slotBytes);
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

  destroy(): void {
    for (const set of this.sets) set.destroy();
    this.gpu.free(this.resolved);
    this.gpu.free(this.mapped);
  }
}

const nanosecond = 1e-6;
const calibrationMilliseconds = 100;
const ticks = new WeakMap<Gpu, Promise<number>>();

/** Milliseconds in a tick of the GPU's clock. WebGPU in Deno hands ticks out raw, so they are compared with the wall's clock, once. */
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
  // However late a busy computer gets to it, each pass ran between the times that were taken before and after it.
  const [least, most] = [before[1]! - after[0]!, after[1]! - before[0]!];
  const inNanoseconds = counted * nanosecond;
  const isPlain = inNanoseconds > 0.9 * least && inNanoseconds < 1.1 * most;
  return isPlain ? nanosecond : (before[1]! - before[0]!) / counted;
}
