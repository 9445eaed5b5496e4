/** Loads a plan: allocates its buffers, compiles its kernels, makes its bind groups. */

import { roundUp } from "../graph/layout.ts";
import type { Plan, PlannedDispatch } from "../plan/plan.ts";
import type { Gpu } from "./device.ts";
import { type NewKernel, warmUpKernels } from "./first_use.ts";
import { Memory, storageUsage } from "./memory.ts";
import { allSettled } from "./settled.ts";

/** A dispatch that needs only to be encoded. */
export interface ReadyDispatch {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  grid: readonly [number, number];
}

/** What a plan needs to run. */
export interface LoadedPlan {
  /** The plan's buffers, in its order. */
  buffers: readonly GPUBuffer[];
  /** The buffers that belong to this plan alone: the caller frees them. */
  own: readonly GPUBuffer[];
  dispatches: readonly ReadyDispatch[];
}

/**
 * Loads a plan. Everything is requested at once: where WebGPU runs in another process, as in browsers, waiting for each
 * buffer and each kernel in turn would take several round trips per dispatch.
 *
 * @throws {Error} if a buffer cannot be allocated, a kernel does not compile, or its bindings do not fit; the message
 * begins with its name
 */
export async function loadPlan(plan: Plan, memory: Memory): Promise<LoadedPlan> {
  const { gpu } = memory;
  const own: GPUBuffer[] = [];
  const allocate: Allocate = async (...parameters) => {
    const buffer = await gpu.allocate(...parameters);
    own.push(buffer);
    return buffer;
  };
  try {
    const adopted = await memory.adopt(plan);
    const buffers = await allSettled(
      plan.buffers.map(async ({ label, bytes }, index) =>
        adopted.get(index) ?? await allocate(label, bytes, storageUsage())
      ),
    );
    const { uniforms, offsets } = await uploadParams(gpu, plan, allocate);
    const dispatches = await allSettled(
      plan.dispatches.map((dispatch, index) => prepare(gpu, dispatch, buffers, uniforms, offsets[index]!)),
    );
    await tryNewKernels(gpu, plan, dispatches);
    return { buffers, own, dispatches };
  } catch (error) {
    for (const buffer of own) gpu.free(buffer);
    throw error;
  }
}

type Allocate = Gpu["allocate"];

/** Puts the parameters of all dispatches into one buffer. */
async function uploadParams(gpu: Gpu, plan: Plan, allocate: Allocate) {
  const offsets: number[] = [];
  let end = 0;
  for (const { params } of plan.dispatches) {
    offsets.push(end);
    end = roundUp(end + params.length, gpu.target.uniformAlignment);
  }
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const uniforms = await allocate("params", Math.max(end, 16), usage);
  plan.dispatches.forEach(({ params }, index) =>
    gpu.device.queue.writeBuffer(uniforms, offsets[index]!, params)
  );
  return { uniforms, offsets };
}

const bindingTypes = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const;

async function prepare(
  gpu: Gpu,
  dispatch: PlannedDispatch,
  buffers: readonly GPUBuffer[],
  uniforms: GPUBuffer,
  paramsOffset: number,
): Promise<ReadyDispatch> {
  const { variant, params, bindings, grid } = dispatch;
  const label = labelOf(dispatch);
  const layout = await gpu.scoped(label, () =>
    gpu.device.createBindGroupLayout({
      label,
      entries: variant.bindings.map(({ index, access }) => ({
        binding: index,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: bindingTypes[access] },
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

/** The name of a dispatch in error messages. */
function labelOf({ variant, label }: PlannedDispatch): string {
  return `${variant.label} for ${label}`;
}

export function encodeDispatch(
  pass: GPUComputePassEncoder,
  { pipeline, bindGroup, grid }: ReadyDispatch,
): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(grid[0], grid[1]);
}

/**
 * Encodes one dispatch of every kernel that is new to the device, so that WebGPU reports bindings that do not fit the
 * kernel now, by the kernel's name, and not at the first run. Nothing is computed. Where the driver compiles kernels
 * at their first use, dispatches of no workgroups are submitted, and it compiles while the host goes on.
 */
async function tryNewKernels(gpu: Gpu, plan: Plan, ready: readonly ReadyDispatch[]): Promise<void> {
  const fresh = new Map<GPUComputePipeline, number>();
  for (const [index, { pipeline }] of ready.entries()) {
    if (!gpu.warmedUp.has(pipeline) && !fresh.has(pipeline)) fresh.set(pipeline, index);
  }
  const kernels = await allSettled([...fresh.values()].map(async (index): Promise<NewKernel> => {
    const dispatch = plan.dispatches[index]!;
    return { dispatch, warmUp: await encodeAlone(gpu, labelOf(dispatch), ready[index]!) };
  }));
  for (const pipeline of fresh.keys()) gpu.warmedUp.add(pipeline);
  if (gpu.compilesAtFirstUse) await warmUpKernels(gpu, kernels, (some) => compileBeside(gpu, some));
}

/** Encodes a dispatch by itself, of no workgroups if it may be submitted. Other adapters warn of such dispatches. */
async function encodeAlone(gpu: Gpu, label: string, dispatch: ReadyDispatch): Promise<GPUCommandBuffer> {
  const grid = gpu.compilesAtFirstUse ? [0, 0] as const : dispatch.grid;
  return await gpu.scoped(label, () => {
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encodeDispatch(pass, { ...dispatch, grid });
    pass.end();
    return encoder.finish();
  });
}

/** Compiles the dispatches' kernels on a second device, with the same parameters, bound to small buffers of its own. */
async function compileBeside(
  gpu: Gpu,
  dispatches: readonly PlannedDispatch[],
): Promise<() => Promise<void>> {
  const second = await gpu.openBeside();
  try {
    const { own } = await loadPlan(onUnusedBuffers(dispatches), new Memory(second));
    return async () => {
      try {
        await second.finish();
      } finally {
        for (const buffer of own) second.free(buffer);
        second.close();
      }
    };
  } catch (error) {
    second.close();
    throw error;
  }
}

/** A plan of the same dispatches, bound to small buffers that nothing else uses. */
function onUnusedBuffers(dispatches: readonly PlannedDispatch[]): Plan {
  const bytes = 256;
  const count = Math.max(...dispatches.map(({ bindings }) => bindings.length));
  return {
    buffers: Array.from({ length: count }, (_, index) => ({ label: `unused ${index}`, bytes })),
    dispatches: dispatches.map((dispatch) => ({
      ...dispatch,
      bindings: dispatch.bindings.map(({ name }, buffer) => ({
        name,
        location: { buffer, offset: 0, bytes },
      })),
    })),
    locations: new Map(),
    peakBytes: count * bytes,
    unsharedBytes: count * bytes,
  };
}
