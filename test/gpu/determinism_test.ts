/** Same seed, same inputs, same adapter: the same bits, whatever else ran on the device. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { elementCount, floatType } from "../../src/graph/layout.ts";
import type { Target } from "../../src/graph/lowering.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { relu, scale } from "../../src/ops/elementwise.ts";
import { sum } from "../../src/ops/reduce.ts";
import { variable } from "../../src/ops/variable.ts";
import { Adam } from "../../src/optim/adam.ts";
import { plan } from "../../src/plan/plan.ts";
import { normalArray } from "../../src/random.ts";
import { trainingProgram } from "../../src/train/vqvae/program.ts";
import { asCard } from "../plan/targets.ts";

const configuration = {
  ...defaultConfiguration,
  channel: 16,
  n_res_channel: 6,
  embed_dim: 5,
  n_embed: 40,
};
const shape = [4, 3, 32, 32] as const;
const steps = 3;

interface Options {
  seed?: number;
  /** Called before every step. */
  between?: (gpu: Gpu) => Promise<void>;
  target?: (target: Target) => Target;
}

/** Trains a small model from a seed. Returns a digest of every tensor that training changes, and the losses. */
async function train(gpu: Gpu, { seed = 816, between, target = (each) => each }: Options = {}) {
  const memory = new Memory(gpu);
  const model = new Vqvae(configuration);
  const optimizer = new Adam(model.set.parameters);
  const { program, images, step, key, ring } = trainingProgram(model, optimizer, shape, { restart: 1 });
  const executor = await Executor.load(plan(program, target(gpu.target)), memory);
  const initial = model.set.initialValues(seed);
  for (const { key, tensor } of model.set.all) memory.write(tensor, initial.get(key)!);
  for (let index = 0; index < steps; index++) {
    await between?.(gpu);
    memory.write(images, normalArray(index, elementCount(shape)));
    memory.write(step, Float32Array.of(...optimizer.stepScalars(index + 1, 3e-4), index, 0));
    memory.write(key, Uint32Array.of(index, 0, 0, 0));
    executor.run();
  }
  const { firstMoments, secondMoments } = optimizer;
  const state = [...model.set.all.map(({ tensor }) => tensor), firstMoments.tensor, secondMoments.tensor];
  const values = await memory.read(state);
  const losses = await ring.read(memory, Array.from({ length: steps }, (_, index) => index));
  executor.destroy();
  memory.destroy();
  const digests = await Promise.all(values.map(digest));
  return { digests: Object.fromEntries(state.map(({ label }, index) => [label, digests[index]])), losses };
}

/** A digest of the values' bits. */
async function digest(values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", values)).toHex();
}

/** Does other work on the same device, and frees memory that holds its numbers. */
async function otherWork(gpu: Gpu): Promise<void> {
  const memory = new Memory(gpu);
  const x = variable(floatType([4, 16, 40, 40], "channels_last"), "x");
  const result = sum(relu(scale(x, 3)));
  const executor = await Executor.load(plan({ results: [result] }, gpu.target), memory);
  memory.write(x, normalArray(99, 4 * 16 * 1600));
  executor.run();
  assert((await executor.read([result]))[0]![0]! > 0);
  executor.destroy();
  memory.destroy();
}

for (const subgroups of [true, false]) {
  const kernels = subgroups ? "the adapter's kernels" : "kernels without subgroups";
  Deno.test(`three training steps give the same bits twice: ${kernels}`, async () => {
    const gpu = await Gpu.open({ subgroups });
    const first = await train(gpu);
    assert(first.losses.every(({ loss }) => Number.isFinite(loss) && loss > 0));
    assertEquals(await train(gpu), first, "on the same device");
    assertEquals(await train(gpu, { between: otherWork }), first, "with other work in between");
    const again = await Gpu.open({ subgroups });
    assertEquals(await train(again), first, "on a device of its own");
    assertNotEquals((await train(gpu, { seed: 817 })).digests, first.digests, "another seed");
    for (const each of [gpu, again]) {
      assertEquals(each.allocated, { bytes: 0, buffers: 0 });
      each.close();
    }
  });
}

Deno.test("sums that are split for a GPU are the same each time", async () => {
  const gpu = await Gpu.open({ subgroups: false });
  const first = await train(gpu, { target: asCard });
  assertEquals(await train(gpu, { target: asCard, between: otherWork }), first);
  gpu.close();
});
