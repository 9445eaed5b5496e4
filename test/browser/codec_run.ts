/** Runs a small codec on whatever WebGPU there is, by the engine alone: the entry of the bundle that Dawn runs. */

import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { anyInputs } from "../../src/graph/inputs.ts";
import { elementCount, floatType } from "../../src/graph/layout.ts";
import type { Operation } from "../../src/graph/operation.ts";
import { apply } from "../../src/graph/tensor.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { channelsLast } from "../../src/ops/channels.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";

const configuration = {
  ...defaultConfiguration,
  channel: 16,
  n_res_channel: 8,
  embed_dim: 4,
  n_embed: 32,
};

/** What a run of the codec left. */
export interface CodecRun {
  adapter: string;
  dispatches: number;
  kernels: number;
  /** Values of the reconstruction, and codes of both levels. */
  lengths: number[];
  /** Buffers that are still allocated after everything was freed. */
  buffers: number;
  reconstruction: Float32Array;
}

/**
 * Plans the codec for two images of 32 by 32, loads the plan, writes weights and images, runs it and reads the
 * results.
 */
export async function runCodec(seed = 816): Promise<CodecRun> {
  const gpu = await Gpu.open();
  const memory = new Memory(gpu);
  const model = new Vqvae(configuration);
  const images = variable(floatType([2, 3, 32, 32]), "images");
  const { reconstruction, top, bottom } = model.forward(channelsLast(images));
  const results = [reconstruction, top.codes, bottom.codes];
  const executor = await Executor.load(plan({ results }, gpu.target), memory);
  const weights = model.set.initialValues(seed);
  for (const { key, tensor } of model.set.all) {
    if (memory.holds(tensor)) memory.write(tensor, weights.get(key)!);
  }
  const count = elementCount(images.shape);
  memory.write(
    images,
    Float32Array.from({ length: count }, (_, index) => Math.sin(index / 7)),
  );
  executor.run();
  const values = await executor.read(results);
  executor.destroy();
  memory.destroy();
  await gpu.finish();
  const run: CodecRun = {
    adapter: gpu.adapter.name,
    dispatches: executor.plan.dispatches.length,
    kernels: gpu.pipelineCount,
    lengths: values.map(({ length }) => length),
    buffers: gpu.allocated.buffers,
    reconstruction: values[0] as Float32Array,
  };
  gpu.close();
  return run;
}

/** Loads a plan whose one kernel does not compile, and returns the error's message. */
export async function loadBrokenKernel(): Promise<string> {
  const source = `struct Params { quads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@compute @workgroup_size(1) fn main() { y[p.quads] = missing; }`;
  const operation: Operation<undefined> = {
    name: "broken",
    inputs: [anyInputs("input")],
    infer: ([x]) => x!,
    gradient: () => [],
    reference: ([x]) => x!,
    cost: () => ({ flops: 0, bytes: 0 }),
    lower: (node, lowering) =>
      lowering.dispatch({
        kernel: { name: "broken", source },
        constants: {},
        bindings: { x: node.inputs[0]!, y: node },
        params: { quads: 0 },
        workgroups: 1,
        flops: 0,
        bytes: 0,
      }),
  };
  const gpu = await Gpu.open();
  const node = apply(operation, [variable(floatType([4]), "x")], undefined);
  try {
    await Executor.load(plan({ results: [node] }, gpu.target), new Memory(gpu));
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    gpu.close();
  }
}
