/** A batch that goes through the model in parts gives the same step as the whole batch. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { elementCount } from "../../src/graph/layout.ts";
import { densenet121 } from "../../src/models/densenet/configuration.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { Vqvae } from "../../src/models/vqvae/model.ts";
import { Adam } from "../../src/optim/adam.ts";
import { plan, TooLargeError } from "../../src/plan/plan.ts";
import { keyOf, uniformArray } from "../../src/random.ts";
import { trainingProgram as densenetProgram } from "../../src/train/densenet/program.ts";
import { microBatches } from "../../src/train/micro_batches.ts";
import { trainingProgram } from "../../src/train/vqvae/program.ts";
import { VqvaeTrainer } from "../../src/train/vqvae/trainer.ts";
import { relativeError } from "../run_graph.ts";
import { smallCodec } from "./small_codec.ts";

const shape = [8, 3, 32, 32] as const;
const configuration = { ...smallCodec, n_res_block: 2 };
const images = uniformArray(keyOf("images"), elementCount(shape), -1, 1);

/** The losses of three steps, and all weights after them. */
async function trainCodec(gpu: Gpu, accumulate: number) {
  const model = new Vqvae(configuration);
  const optimizer = new Adam(model.set.parameters);
  const { program, ...inputs } = trainingProgram(model, optimizer, shape, { accumulate });
  const planned = plan(program, gpu.target);
  const memory = new Memory(gpu);
  const executor = await Executor.load(planned, memory);
  const values = model.set.initialValues(1);
  for (const { key, tensor } of model.set.all) memory.write(tensor, values.get(key)!);
  memory.write(inputs.images, images);
  for (let step = 0; step < 3; step++) {
    memory.write(inputs.step, Float32Array.of(...optimizer.stepScalars(step + 1, 3e-4), step, 0));
    executor.run();
  }
  const losses = (await inputs.ring.read(memory, [0, 1, 2])).map((each) => Object.values(each)).flat();
  const weights = await memory.read(model.set.all.map(({ tensor }) => tensor));
  executor.destroy();
  memory.destroy();
  return { losses, weights, keys: model.set.all.map(({ key }) => key), planned };
}

Deno.test("the codec's step in two, four and eight parts is the step of the whole batch", async () => {
  const gpu = await Gpu.open();
  const whole = await trainCodec(gpu, 1);
  for (const accumulate of [2, 4, 8]) {
    const parts = await trainCodec(gpu, accumulate);
    assert(relativeError(parts.losses, whole.losses) < 1e-5, `${accumulate}: losses`);
    whole.weights.forEach((values, index) => {
      const error = relativeError(parts.weights[index]!, values);
      assert(error < 1e-4, `${accumulate} parts: ${whole.keys[index]} is ${error} off`);
    });
    assert(parts.planned.peakBytes < whole.planned.peakBytes, `${accumulate}: memory`);
  }
  gpu.close();
});

Deno.test("the classifier's parts normalise by themselves, and their logits come in the batch's order", async () => {
  const gpu = await Gpu.open();
  const small = {
    ...densenet121,
    n_classes: 5,
    growth_rate: 8,
    block_layers: [2, 2, 2, 2],
    initial_features: 16,
  };
  const run = async (accumulate: number, count: number, first: number) => {
    const model = new Densenet(small);
    const optimizer = new Adam(model.set.parameters);
    const part = [count, ...shape.slice(1)] as [number, number, number, number];
    const { program, ...inputs } = densenetProgram(model, optimizer, part, { accumulate });
    const memory = new Memory(gpu);
    const executor = await Executor.load(plan(program, gpu.target), memory);
    const values = model.set.initialValues(1);
    for (const { key, tensor } of model.set.all) memory.write(tensor, values.get(key)!);
    const length = images.length / shape[0];
    memory.write(inputs.images, images.slice(first * length, (first + count) * length));
    memory.write(inputs.positive, new Float32Array(count * 5).fill(1 / 40));
    memory.write(inputs.negative, new Float32Array(count * 5).fill(1 / 80));
    memory.write(inputs.step, Float32Array.of(...optimizer.stepScalars(1, 1e-4), 0, 0));
    executor.run();
    const [{ loss }] = await inputs.ring.read(memory, [0]) as [{ loss: number }];
    const [rows] = await memory.read([inputs.logits.tensor]);
    const logits = inputs.logits.pick(rows as Float32Array<ArrayBuffer>, 0);
    executor.destroy();
    memory.destroy();
    return { loss, logits };
  };
  const both = await run(2, 8, 0);
  const [first, second] = [await run(1, 4, 0), await run(1, 4, 4)];
  assertEquals([...both.logits], [...first.logits, ...second.logits]);
  assert(Math.abs(both.loss - first.loss - second.loss) < 1e-6 * both.loss);
  gpu.close();
});

Deno.test("a batch that cannot be split into equal parts is refused", () => {
  const build = () => ({ gradients: [], own: 0 });
  assertThrows(() => microBatches(8, 3, build), RangeError, "Cannot split 8 images into 3 equal parts");
  assertThrows(() => microBatches(8, 0, build), RangeError, "into 0 equal parts");
});

Deno.test("a batch that the adapter cannot hold is split into as few parts as possible", async () => {
  const gpu = await Gpu.open();
  const options = { configuration, shape, learningRate: 3e-4, seed: 1 };
  const parts = async (maxBindingBytes: number) => {
    const narrow = Object.create(gpu, { target: { value: { ...gpu.target, maxBindingBytes } } }) as Gpu;
    const trainer = await VqvaeTrainer.open(narrow, options);
    const { accumulate } = trainer;
    await trainer.close();
    return accumulate;
  };
  // The batch itself takes 98304 bytes, and the largest value is the batch with its channels in quads.
  assertEquals(await parts(gpu.target.maxBindingBytes), 1);
  const most = 4 * 8 * 32 * 32 * 4;
  assertEquals(await parts(most - 4), 2);
  await assertRejects(() => parts(98304 - 4), TooLargeError, "images takes 98304 bytes");
  gpu.close();
});
