/**
 * Random graphs: however nodes are fused, reordered and given shared buffers, the values are those of the references.
 */

import { assertEquals } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import { elementCount, floatType, type TensorType } from "../../src/graph/layout.ts";
import { apply, type Tensor } from "../../src/graph/tensor.ts";
import { concat, sliceChannels } from "../../src/ops/channels.ts";
import { channelSum } from "../../src/ops/channel_sum.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { add, mseGradient, multiply, relu, scale, subtract } from "../../src/ops/elementwise.ts";
import { mse, sum } from "../../src/ops/reduce.ts";
import { operations } from "../../src/ops/table.ts";
import { record } from "../../src/ops/updates.ts";
import { variable } from "../../src/ops/variable.ts";
import { normalArray, randomBits } from "../../src/random.ts";
import { evaluate } from "../case_graph.ts";
import { relativeError, runGraph, type Values } from "../run_graph.ts";

const channels = 5;
const imageType = floatType([2, channels, 3, 4], "channels_last");
const window = { stride: [1, 1], padding: [0, 0, 0, 0] } as const;

interface RandomGraph {
  values: Map<Tensor, Values>;
  tensors: Tensor[];
  effects: Tensor[];
}

/** A graph of `length` nodes: images, scalars, and a ring that updates change between nodes that read it. */
function randomGraph(key: number, length: number): RandomGraph {
  let counter = 0;
  const next = (limit: number) => randomBits(key, counter++) % limit;
  const values = new Map<Tensor, Values>();
  const input = (type: TensorType, label: string) => {
    const tensor = variable(type, label);
    const data = normalArray(randomBits(key, counter++), elementCount(type.shape));
    values.set(tensor, data.map((value) => value / 2));
    return tensor;
  };
  const inputs = [input(imageType, "x"), input(imageType, "y")];
  const weight = input(floatType([channels, channels, 1, 1], "taps_first"), "w");
  const bias = input(floatType([channels]), "b");
  const ring = input(floatType([4, 1]), "ring");
  const step = variable(floatType([4]), "step");
  values.set(step, Float32Array.of(0, 0, key % 4, 0));
  const images = [...inputs], scalars = [input(floatType([]), "s")], columns = [ring], sums = [bias];
  const effects: Tensor[] = [];
  // Recent values are taken most often, so that there are long chains.
  const pick = (from: Tensor[]) => from.at(-1 - Math.min(next(from.length), next(from.length)))!;
  const one = () => pick(images);
  const makers = [
    () => images.push(add(one(), one())),
    () => images.push(subtract(one(), one())),
    () => images.push(scale(multiply(one(), one()), 0.5)),
    () => images.push(relu(one())),
    () => images.push(scale(one(), next(2) ? -0.5 : 1.25)),
    // The mask is an input: with a computed mask, rounding near zero would decide between 0 and 1.
    () => images.push(apply(operations.relu_gradient, [one(), inputs[next(2)]!], undefined)),
    () => images.push(conv2d(one(), weight, { ...window, bias: next(2) ? bias : undefined })),
    () => images.push(sliceChannels(concat([one(), one()]), next(channels), channels)),
    () => images.push(mseGradient(one(), one(), pick(scalars))),
    () => scalars.push(mse(one(), one())),
    () => scalars.push(scale(sum(one()), 0.1)),
    () => scalars.push(add(pick(scalars), pick(scalars))),
    () => sums.push(scale(channelSum(one()), 0.1)),
    () => columns.push(scale(pick(columns), 0.75)),
    () => columns.push(add(pick(columns), ring)),
    () => effects.push(record(step, ring, [pick(scalars)])),
  ];
  for (let node = 0; node < length; node++) makers[next(makers.length)]!();
  const tensors = [images, scalars, columns, sums].flatMap((list) => [list.at(-1)!, pick(list)]);
  return {
    values,
    tensors: tensors.filter((tensor) => !tensor.operation.persistent || tensor === ring),
    effects,
  };
}

Deno.test("random graphs give the references' values", async () => {
  const gpu = await Gpu.open();
  const failures: string[] = [];
  for (let key = 0; key < 60; key++) {
    const graph = randomGraph(key, 10 + key);
    const expected = evaluate(graph.tensors, graph.values, graph.effects);
    const results = await runGraph(gpu, graph);
    results.forEach(({ values, cleanPadding }, index) => {
      // Where terms of about one cancel out in float64, their rounding errors remain in float32.
      const error = relativeError([...values, 1], [...expected[index]!, 1]);
      if (!(error < 1e-4) || !cleanPadding) {
        failures.push(
          `graph ${key}, ${graph.tensors[index]!.label} ${index}: ${error}, clean padding: ${cleanPadding}`,
        );
      }
    });
  }
  assertEquals(failures, []);
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
});
