/** Runs plans: everything is made when a plan is loaded, a run only encodes and submits. */

import type { Tensor } from "../graph/tensor.ts";
import type { Plan, PlannedDispatch } from "../plan/plan.ts";
import type { PlanPart } from "../plan/reduction.ts";
import { encodeDispatch, loadPlan, type ReadyDispatch } from "./load.ts";
import { type Home, homeAt, type Memory, readStored, readTensors } from "./memory.ts";
import { type Interval, Timestamps } from "./timestamps.ts";

/** When one dispatch ran, on the GPU's clock. */
export interface DispatchTime extends Interval {
  dispatch: PlannedDispatch;
  milliseconds: number;
}

/** Where the time of a run's one pass is written. */
export interface TimedSlot {
  timestamps: Timestamps;
  slot: number;
}

/**
 * A plan loaded on a GPU, to be run any number of times. Its variables and constants are in a {@linkcode Memory}, which
 * several plans may share; all other buffers belong to the executor until {@linkcode Executor.destroy}.
 *
 * @example Double three numbers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { floatType } from "../graph/layout.ts";
 * import { scale } from "../ops/elementwise.ts";
 * import { variable } from "../ops/variable.ts";
 * import { plan } from "../plan/plan.ts";
 * import { Gpu, listAdapters } from "./device.ts";
 * import { Memory } from "./memory.ts";
 *
 * if ((await listAdapters()).length > 0) {
 *   const x = variable(floatType([3]), "x");
 *   const doubled = scale(x, 2);
 *   const gpu = await Gpu.open();
 *   const memory = new Memory(gpu);
 *   const executor = await Executor.load(plan({ results: [doubled] }, gpu.target), memory);
 *   memory.write(x, Float32Array.of(1, 2, 3));
 *   executor.run();
 *   assertEquals(await executor.read([doubled]), [Float32Array.of(2, 4, 6)]);
 *   gpu.close();
 * }
 * ```
 */
export class Executor {
  private constructor(
    readonly plan: Plan,
    readonly memory: Memory,
    private readonly buffers: readonly GPUBuffer[],
    /** Buffers that belong to this plan alone. */
    private readonly own: readonly GPUBuffer[],
    private readonly dispatches: readonly ReadyDispatch[],
  ) {}

  /**
   * Allocates the plan's buffers, compiles its kernels and binds them. The variables of the plan keep the values that
   * they have in `memory`; those new to it get their initial values, by default zeros.
   *
   * @throws {OutOfMemoryError} if the adapter has too little memory
   * @throws {DataError} if the device is lost
   * @throws {Error} if a kernel does not compile or its bindings do not fit; the message begins with its name
   */
  static async load(plan: Plan, memory: Memory): Promise<Executor> {
    const { buffers, own, dispatches } = await loadPlan(plan, memory);
    return new Executor(plan, memory, buffers, own, dispatches);
  }

  /**
   * Submits the plan's dispatches, or one part of them, once, and does not wait for them.
   *
   * @param timed where to write the pass's timestamps, if at all
   * @param part default: all dispatches
   * @throws {Error} if WebGPU has reported an error since the last check, or the device is lost
   */
  run(timed?: TimedSlot, part?: PlanPart): void {
    this.encode(timed, part)();
  }

  /**
   * Encodes the plan's dispatches, or one part of them. The function that it returns submits them; it may be called
   * once.
   */
  encode(timed?: TimedSlot, part?: PlanPart): () => void {
    const { gpu } = this.memory;
    gpu.check();
    const encoder = gpu.device.createCommandEncoder();
    const timestampWrites = timed?.timestamps.writes(timed.slot, part);
    const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
    for (const dispatch of this.dispatches.slice(...this.rangeOf(part))) encodeDispatch(pass, dispatch);
    pass.end();
    const commands = encoder.finish();
    return () => {
      gpu.check();
      gpu.device.queue.submit([commands]);
    };
  }

  /**
   * Runs the plan, or one part of it, once with a pass of its own for each dispatch, and times each.
   *
   * @returns undefined, with nothing run, if the adapter has no timestamps
   */
  async profile(part?: PlanPart): Promise<DispatchTime[] | undefined> {
    const { gpu } = this.memory;
    const range = this.rangeOf(part);
    const dispatches = this.dispatches.slice(...range);
    const timestamps = await Timestamps.make(gpu, dispatches.length);
    if (!timestamps) return undefined;
    gpu.check();
    const encoder = gpu.device.createCommandEncoder();
    for (const [slot, dispatch] of dispatches.entries()) {
      const pass = encoder.beginComputePass({ timestampWrites: timestamps.writes(slot) });
      encodeDispatch(pass, dispatch);
      pass.end();
    }
    gpu.device.queue.submit([encoder.finish()]);
    const intervals = await timestamps.stage([...dispatches.keys()]).read();
    timestamps.destroy();
    return this.plan.dispatches.slice(...range).map((dispatch, index) => {
      const { begin, end } = intervals[index]!;
      return { dispatch, begin, end, milliseconds: end - begin };
    });
  }

  /** The dispatches of a part: the first, and the one after the last. */
  private rangeOf(part?: PlanPart): [number, number] {
    const { dispatches, reduceAt } = this.plan;
    if (!part) return [0, dispatches.length];
    if (reduceAt === undefined) {
      throw new RangeError("Cannot run a part of a plan in which no rank adds anything up");
    }
    return part === "before reduction" ? [0, reduceAt] : [reduceAt, dispatches.length];
  }

  /**
   * Reads results and persistent tensors of the plan, each as row-major values of its shape. Waits for all submitted
   * work.
   *
   * @throws {RangeError} if a tensor is neither
   * @throws {Error} if WebGPU has reported an error since the last check, or the device is lost
   */
  async read(tensors: readonly Tensor[]): Promise<(Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>)[]> {
    return await readTensors(this.memory.gpu, tensors.map((tensor) => this.homeOf(tensor)));
  }

  /** Reads a result of floats in the order in which it is stored, padding included. Faster than {@linkcode read}. */
  async readStored(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    return await readStored(this.memory.gpu, this.homeOf(tensor)) as Float32Array<ArrayBuffer>;
  }

  private homeOf(tensor: Tensor): Home {
    const location = this.plan.locations.get(tensor);
    if (!location) throw new RangeError(`${tensor.label} is not a result of this plan`);
    return homeAt(tensor, location, this.buffers);
  }

  /** Frees the buffers that belong to this plan alone. */
  destroy(): void {
    for (const buffer of this.own) this.memory.gpu.free(buffer);
  }
}
