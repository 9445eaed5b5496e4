/** Codec training against PyTorch: the same weights and images give the same losses, gradients and codebooks. */

import { assert, assertEquals } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { toFloat32 } from "../../src/io/host_tensor.ts";
import { readWeights } from "../../src/io/weights_file.ts";
import { defaultConfiguration } from "../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { Adam } from "../../src/optim/adam.ts";
import { plan } from "../../src/plan/plan.ts";
import { trainingProgram } from "../../src/train/vqvae/program.ts";
import {
  checksum,
  checksumError,
  goldenError,
  goldenPath,
  hashState,
  readImages,
  readTrainingGoldens,
  trainingBatch,
  type TrainingGolden,
} from "../golden/read.ts";

/** The golden's initial weights: from its file, or from a hash of each key. */
async function initialState(golden: TrainingGolden): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  if (golden.format === "hash") return new Map([...hashState(golden)].map(([key, { data }]) => [key, data]));
  const { tensors } = await readWeights(goldenPath(`${golden.name}.pt`).pathname);
  return new Map([...tensors].map(([key, tensor]) => [key, toFloat32(tensor)]));
}

async function compare(golden: TrainingGolden, subgroups: boolean): Promise<void> {
  const gpu = await Gpu.open({ subgroups });
  const memory = new Memory(gpu);
  const model = new Vqvae({ ...defaultConfiguration, ...golden.configuration });
  const optimizer = new Adam(model.set.parameters);
  const { size } = await readImages(golden.images);
  const shape = [golden.batch, golden.configuration.in_channel!, size, size] as const;
  const { program, images, step, ring, result } = trainingProgram(model, optimizer, shape);
  // Gradients are persistent, since they lie in an arena; codes and pictures are results. All can be read after a
  // step.
  const gradients = program.arenas!.find(({ tensor }) => tensor.label === "gradients")!.members;
  const results = [result.top.codes, result.bottom.codes, result.reconstruction];
  const executor = await Executor.load(plan({ ...program, results }, gpu.target), memory);
  const state = await initialState(golden);
  for (const { key, tensor } of model.set.all) memory.write(tensor, state.get(key)!);

  for (const [index, expected] of golden.steps.entries()) {
    memory.write(images, await trainingBatch(golden, index));
    memory.write(step, Float32Array.of(...optimizer.stepScalars(index + 1, golden.learning_rate), index, 0));
    executor.run();
    const [actual] = await ring.read(memory, [index]);
    const wanted = { ...expected, latent_loss: expected.diff_t + expected.diff_b };
    for (const name of ring.names) {
      const error = Math.abs(actual![name] - wanted[name]) / Math.abs(wanted[name]);
      assert(
        error < 1e-3,
        `${golden.name}, step ${index + 1}: ${name} is ${actual![name]}, PyTorch's ${wanted[name]}`,
      );
    }
    if (index > 0) continue;
    const [top, bottom, reconstruction] = await executor.read(results);
    assertEquals(goldenError(golden.codes.t, top!), 0);
    assertEquals(goldenError(golden.codes.b, bottom!), 0);
    assert(goldenError(golden.reconstruction, reconstruction!) < 1e-4);
    const values = await memory.read(gradients);
    for (const [at, { key }] of model.set.parameters.entries()) {
      const wantedGradient = golden.parameters.find(({ name }) => name === key)!;
      const error = wantedGradient.values
        ? goldenError(wantedGradient.values, values[at]!)
        : checksumError(wantedGradient.gradient, checksum(key, values[at]!));
      assert(error < 1e-4, `${golden.name}: gradient of ${key} is off by ${error}`);
    }
  }
  const buffers = await memory.read(model.set.buffers.map(({ tensor }) => tensor));
  for (const [at, { key }] of model.set.buffers.entries()) {
    const error = checksumError(
      golden.buffers.find(({ name }) => name === key)!.final,
      checksum(key, buffers[at]!),
    );
    assert(error < 1e-3, `${golden.name}: ${key} is off by ${error} after the last step`);
  }
  executor.destroy();
  memory.destroy();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
}

/** The other models would take minutes on a software adapter; operations are tested without subgroups elsewhere. */
const alsoWithoutSubgroups = ["strides_4_2", "embed_dim_1", "default"];

for (const golden of await readTrainingGoldens()) {
  Deno.test(`training equals PyTorch: ${golden.name}`, () => compare(golden, true));
  if (!alsoWithoutSubgroups.includes(golden.name)) continue;
  Deno.test(`training equals PyTorch, kernels without subgroups: ${golden.name}`, () =>
    compare(golden, false));
}
