/** Runs a plan: pipelines and bind groups are made once, a run only encodes and submits. */

import { roundUp } from "../graph/layout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Plan, PlannedDispatch } from "../plan/plan.ts";
import type { PlanPart } from "../plan/reduction.ts";
import type { Gpu } from "./device.ts";
import { type NewKernel, warmUpKernels } from "./first_use.ts";
import { type Home, homeAt, Memory, readStored, readTensors } from "./memory.ts";
import { type Interval, Timestamps } from "./timestamps.ts";

interface ReadyDispatch {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  grid: readonly [number, number];
}

/** When one dispatch ran, on the GPU's clock. */
export interface DispatchTime extends Interval {
  dispatch: PlannedDispatch;
  milliseconds: number;
}

/** Where the time of a run's one pass goes. */
export interface TimedSlot {
  timestamps: Timestamps;
  slot: number;
}

export class Executor {
  private constructor(
    readonly plan: Plan,
    readonly memory: Memory,
    private readonly buffers: readonly GPUBuffer[],
    /** Buffers of this plan alone. */
    private readonly own: readonly GPUBuffer[],
    private readonly dispatches: readonly ReadyDispatch[],
  ) {}

  /** Takes the plan's memory, compiles its kernels and binds its buffers. */
  static async load(plan: Plan, memory: Memory): Promise<Executor> {
    const { gpu } = memory;
    const own: GPUBuffer[] = [];
    const allocate: Allocate = async (...parameters) => {
      const buffer = await gpu.allocate(...parameters);
      own.push(buffer);
      return buffer;
    };
    try {
      const adopted = await memory.adopt(plan);
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffers: GPUBuffer[] = [];
      for (const [index, { label, bytes }] of plan.buffers.entries()) {
        buffers.push(adopted.get(index) ?? await allocate(label, bytes, usage));
      }
      const { uniforms, offsets } = await uploadParams(gpu, plan, allocate);
      const dispatches: ReadyDispatch[] = [];
      const kernels: NewKernel[] = [];
      for (const [index, dispatch] of plan.dispatches.entries()) {
        const ready = await prepare(gpu, dispatch, buffers, uniforms, offsets[index]!);
        dispatches.push(ready);
        if (gpu.warmedUp.has(ready.pipeline)) continue;
        gpu.warmedUp.add(ready.pipeline);
        kernels.push({ dispatch, warmUp: await warmUp(gpu, ready, dispatch) });
      }
      await warmUpKernels(gpu, kernels, (some) => compileBeside(gpu, some));
      return new Executor(plan, memory, buffers, own, dispatches);
    } catch (error) {
      for (const buffer of own) gpu.free(buffer);
      throw error;
    }
  }

  /** Submits the plan's dispatches, or one part of them, once; does not wait. */
  run(timed?: TimedSlot, part?: PlanPart): void {
    this.encode(timed, part)();
  }

  /** Encodes the plan's dispatches, or one part of them; calling what comes back submits them, once. */
  encode(timed?: TimedSlot, part?: PlanPart): () => void {
    const { gpu } = this.memory;
    gpu.check();
    const encoder = gpu.device.createCommandEncoder();
    const timestampWrites = timed?.timestamps.writes(timed.slot, part);
    const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
    for (const dispatch of this.dispatches.slice(...this.rangeOf(part))) encode(pass, dispatch);
    pass.end();
    const commands = encoder.finish();
    return () => {
      gpu.check();
      gpu.device.queue.submit([commands]);
    };
  }

  /**
   * Runs the plan, or one part of it, once with a pass and times for each dispatch. Without timestamps nothing runs, and
   * the result is undefined.
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
      encode(pass, dispatch);
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

  /** Reads results of the plan, and persistent tensors, as row-major values of their shapes. */
  async read(tensors: readonly Tensor[]): Promise<(Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>)[]> {
    return await readTensors(this.memory.gpu, tensors.map((tensor) => this.homeOf(tensor)));
  }

  /** Reads a float32 result as it is stored, what fills quads included: no order of axes has to be undone. */
  async readStored(tensor: Tensor): Promise<Float32Array<ArrayBuffer>> {
    return await readStored(this.memory.gpu, this.homeOf(tensor)) as Float32Array<ArrayBuffer>;
  }

  private homeOf(tensor: Tensor): Home {
    const location = this.plan.locations.get(tensor);
    if (!location) throw new RangeError(`${tensor.label} is no result of this plan`);
    return homeAt(tensor, location, this.buffers);
  }

  /** Frees what belongs to the plan alone. */
  destroy(): void {
    for (const buffer of this.own) this.memory.gpu.free(buffer);
  }
}

function encode(pass: GPUComputePassEncoder, { pipeline, bindGroup, grid }: ReadyDispatch) {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(grid[0], grid[1]);
}

/** Has a second device meet the dispatches' kernels, with the same parameters, on memory that nobody uses. */
async function compileBeside(
  gpu: Gpu,
  dispatches: readonly PlannedDispatch[],
): Promise<() => Promise<void>> {
  const second = await gpu.openBeside();
  const bytes = 256;
  const most = Math.max(...dispatches.map(({ bindings }) => bindings.length));
  const plan: Plan = {
    buffers: Array.from({ length: most }, (_, index) => ({ label: `unused ${index}`, bytes })),
    dispatches: dispatches.map((dispatch) => ({
      ...dispatch,
      bindings: dispatch.bindings.map(({ name }, buffer) => ({
        name,
        location: { buffer, offset: 0, bytes },
      })),
    })),
    locations: new Map(),
    peakBytes: most * bytes,
    unsharedBytes: most * bytes,
  };
  try {
    const executor = await Executor.load(plan, new Memory(second));
    return async () => {
      try {
        await second.finish();
      } finally {
        executor.destroy();
        second.close();
      }
    };
  } catch (error) {
    second.close();
    throw error;
  }
}

/**
 * Encodes a dispatch of no workgroups. It does nothing; but drivers that compile a kernel when they first meet it in a queue,
 * as Mesa's software adapter does, do so while the host goes on: draws weights, reads the first batches.
 */
async function warmUp(
  gpu: Gpu,
  { pipeline, bindGroup }: ReadyDispatch,
  { variant, label }: PlannedDispatch,
): Promise<GPUCommandBuffer> {
  return await gpu.scoped(`${variant.label} for ${label}`, () => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encode(pass, { pipeline, bindGroup, grid: [0, 0] });
    pass.end();
    return encoder.finish();
  });
}

type Allocate = Gpu["allocate"];

async function uploadParams(gpu: Gpu, plan: Plan, allocate: Allocate) {
  const offsets: number[] = [];
  let end = 0;
  for (const { params } of plan.dispatches) {
    offsets.push(end);
    end = roundUp(end + params.length, gpu.target.uniformAlignment);
  }
  const uniforms = await allocate(
    "params",
    Math.max(end, 16),
    GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  );
  plan.dispatches.forEach(({ params }, index) =>
    gpu.device.queue.writeBuffer(uniforms, offsets[index]!, params)
  );
  return { uniforms, offsets };
}

async function prepare(
  gpu: Gpu,
  dispatch: PlannedDispatch,
  buffers: readonly GPUBuffer[],
  uniforms: GPUBuffer,
  paramsOffset: number,
): Promise<ReadyDispatch> {
  const { variant, params, bindings, grid } = dispatch;
  const label = `${variant.label} for ${dispatch.label}`;
  const kinds = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const;
  const layout = await gpu.scoped(label, () =>
    gpu.device.createBindGroupLayout({
      label,
      entries: variant.bindings.map(({ index, access }) => ({
        binding: index,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: kinds[access] },
      })),
    }));
  const pipelineLayout = gpu.device.createPipelineLayout({ label, bindGroupLayouts: [layout] });
  const pipeline = await gpu.pipeline(variant.label, variant.code, pipelineLayout);
  const entries = variant.bindings.map(({ name, index, access }) => {
    if (access === "uniform") {
      return { binding: index, resource: { buffer: uniforms, offset: paramsOffset, size: params.length } };
    }
    const { buffer, offset, bytes } = bindings.find((binding) => binding.name === name)!.location;
    return { binding: index, resource: { buffer: buffers[buffer]!, offset, size: bytes } };
  });
  const bindGroup = await gpu.scoped(label, () => gpu.device.createBindGroup({ label, layout, entries }));
  return { pipeline, bindGroup, grid };
}
