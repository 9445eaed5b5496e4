/** Runs of trained models and of the engine on whatever WebGPU there is: the entry of the bundle that Dawn runs. */

import { Gpu } from "../../src/gpu/device.ts";
import { Executor } from "../../src/gpu/executor.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { anyInputs } from "../../src/graph/inputs.ts";
import { floatType } from "../../src/graph/layout.ts";
import type { Operation } from "../../src/graph/operation.ts";
import { apply } from "../../src/graph/tensor.ts";
import { densenet121 } from "../../src/models/densenet/configuration.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";
import { Classifier } from "../../src/trained/classifier.ts";
import { Codec, type Codes } from "../../src/trained/codec.ts";

/** What a run left. */
export interface Run<Result> {
  result: Result;
  /** The number of kernels compiled. */
  kernels: number;
  /** Buffers that are still allocated after everything was closed. */
  buffers: number;
}

async function onGpu<Result>(use: (gpu: Gpu) => Promise<Result>): Promise<Run<Result>> {
  const gpu = await Gpu.open();
  try {
    const result = await use(gpu);
    await gpu.finish();
    return { result, kernels: gpu.pipelineCount, buffers: gpu.allocated.buffers };
  } finally {
    gpu.close();
  }
}

/** Values of a wave, for images [count, 3, height, width]. */
function wave(length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, index) => Math.sin(index / 7));
}

/** What a codec makes of images. */
export interface CodecResult {
  codes: Codes;
  decoded: Float32Array;
  reconstruction: Float32Array;
}

/** Encodes, decodes and reconstructs two images of 30 by 21 with a small codec. */
export function runCodec(seed = 816): Promise<Run<CodecResult>> {
  const small = { channel: 16, n_res_channel: 8, embed_dim: 4, n_embed: 32 };
  const configuration = { ...defaultConfiguration, ...small };
  const weights = new Vqvae(configuration).set.initialValues(seed);
  return onGpu(async (gpu) => {
    const codec = new Codec(gpu, { configuration, weights });
    const size = { count: 2, height: 30, width: 21 };
    const images = wave(2 * 3 * 30 * 21);
    const codes = await codec.encode(images, size);
    // Codes that are valid even if nothing was computed.
    const topCodes = codes.topCodes.map((code) => code % configuration.n_embed);
    const bottomCodes = codes.bottomCodes.map((code) => code % configuration.n_embed);
    const decoded = await codec.decode({ ...codes, topCodes, bottomCodes });
    const reconstruction = await codec.reconstruct(images, size);
    codec.close();
    return { codes, decoded, reconstruction };
  });
}

/** The probabilities of two classes for three images of 32 by 32, by a small classifier. */
export function runClassifier(seed = 816): Promise<Run<Float32Array>> {
  const small = { n_classes: 2, growth_rate: 8, block_layers: [1, 2], initial_features: 16 };
  const configuration = { ...densenet121, ...small };
  const weights = new Densenet(configuration).set.initialValues(seed);
  return onGpu(async (gpu) => {
    const trained = { path: "", configuration, classNames: ["a", "b"], input: "orig" as const, weights };
    const classifier = new Classifier(gpu, trained);
    const images = wave(3 * 3 * 32 * 32);
    const probabilities = await classifier.predict(images, { count: 3, height: 32, width: 32 });
    classifier.close();
    return probabilities;
  });
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
