/** Tensors in one another's memory: a dense block without copies equals one with copies. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { elementCount, floatType } from "../../src/graph/layout.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { applyInto, type Tensor } from "../../src/graph/tensor.ts";
import { Features } from "../../src/models/densenet/features.ts";
import { averagePool2d } from "../../src/ops/average_pooling.ts";
import { concat } from "../../src/ops/channels.ts";
import { conv2d } from "../../src/ops/convolution/conv2d.ts";
import { multiply } from "../../src/ops/elementwise.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { moments } from "../../src/ops/moments.ts";
import { type NormalisationState, normaliseBatch } from "../../src/ops/normalisation.ts";
import { append, narrow, workspace } from "../../src/ops/parts.ts";
import { sum } from "../../src/ops/reduce.ts";
import { operations } from "../../src/ops/table.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";
import { keyOf, uniformArray } from "../../src/random.ts";
import { evaluate, readable } from "../case_graph.ts";
import { relativeError, runGraph } from "../run_graph.ts";

const unit = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] } as const;
const growth = 8, initial = 16, layers = 3, width = 12;
const images = floatType([3, initial, 5, 4], "channels_last");

/** Variables of a block and their values, uniform in a range that suits each. */
function block() {
  const values = new Map<Tensor, Float32Array<ArrayBuffer>>();
  const filled = (tensor: Tensor, low: number, high: number) => {
    values.set(tensor, uniformArray(keyOf(tensor.label), elementCount(tensor.shape), low, high));
    return tensor;
  };
  const x = filled(variable(images, "x"), -1, 2);
  const stage = (name: string, channels: number, output: number, side: number) => {
    const perChannel = (what: string, low: number, high: number) =>
      filled(variable(floatType([channels]), `${what} ${name}`), low, high);
    const state: NormalisationState = {
      gamma: perChannel("gamma", 0.5, 2),
      beta: perChannel("beta", -0.5, 0.5),
      runningMean: perChannel("mean", -1, 1),
      runningVariance: perChannel("variance", 0.5, 2),
    };
    const type = floatType([output, channels, side, side], "taps_first");
    return { state, weight: filled(variable(type, `weight ${name}`), -0.3, 0.3) };
  };
  const own = Array.from({ length: layers }, (_, index) => [
    stage(`bottleneck ${index}`, initial + index * growth, width, 1),
    stage(`growth ${index}`, width, growth, 3),
  ]);
  const weights = filled(
    variable(floatType([3, initial + layers * growth, 5, 4], "channels_last"), "weights"),
    -1,
    1,
  );
  return { x, own, weights, values };
}

type Block = ReturnType<typeof block>;
const window = (padding: number) =>
  ({ stride: [1, 1], padding: [padding, padding, padding, padding] }) as const;

function inPlace({ x, own }: Block): Tensor {
  const features = new Features([3, initial + layers * growth, 5, 4], "block", true);
  features.add(averagePool2d(x, unit, features.next));
  for (const [bottleneck, layer] of own) {
    const { values, moments: known } = features.all;
    const wide = normaliseBatch(values, known!, bottleneck!.state);
    const between = conv2d(wide, bottleneck!.weight, window(0));
    const normal = normaliseBatch(between, moments(between), layer!.state);
    features.add(conv2d(normal, layer!.weight, { ...window(1), label: "layer", into: features.next }));
  }
  return features.all.values;
}

function withCopies({ x, own }: Block): Tensor {
  return own.reduce((values, [bottleneck, layer]) => {
    const wide = normaliseBatch(values, moments(values), bottleneck!.state);
    const between = conv2d(wide, bottleneck!.weight, window(0));
    const normal = normaliseBatch(between, moments(between), layer!.state);
    return concat([values, conv2d(normal, layer!.weight, window(1))]);
  }, x);
}

/** A block's result, then the gradients of a weighted sum of it for all parameters and the input. */
function results(parts: Block, build: (parts: Block) => Tensor): Tensor[] {
  const { x, own, weights } = parts;
  const output = readable(build(parts));
  const wanted = [x, ...own.flat().flatMap(({ state, weight }) => [state.gamma, state.beta, weight])];
  return [output, ...gradients(sum(multiply(output, weights)), wanted)].map(readable);
}

for (const subgroups of [true, false]) {
  Deno.test(`a dense block without copies equals one with copies, subgroups ${subgroups}`, async () => {
    const gpu = await Gpu.open({ subgroups });
    const parts = block();
    const [own, copies] = [results(parts, inPlace), results(parts, withCopies)];
    const expected = evaluate(copies, parts.values);
    evaluate(own, parts.values).forEach((actual, index) => {
      assert(relativeError(actual, expected[index]!) < 1e-12, `reference ${index}`);
    });
    const running = parts.own.flat().flatMap(({ state }) => [state.runningMean, state.runningVariance]);
    const restart = new Map([...parts.values].filter(([tensor]) => !running.includes(tensor)));
    const stored = await runGraph(gpu, { values: restart, tensors: own });
    stored.forEach(({ values, cleanPadding }, index) => {
      const error = relativeError(values, expected[index]!);
      assert(error < 1e-5, `result ${index} is ${error} off`);
      assert(cleanPadding);
    });
    gpu.close();
  });
}

Deno.test("a block's memory holds each channel once, and no normalised values", async () => {
  const gpu = await Gpu.open();
  const bytes = (build: (parts: Block) => Tensor) => {
    const parts = block();
    return plan({ results: results(parts, build) }, gpu.target);
  };
  const [own, copies] = [bytes(inPlace), bytes(withCopies)];
  gpu.close();
  assert(own.peakBytes < copies.peakBytes);
  assertEquals(own.dispatches.filter(({ operation }) => operation === "normalise"), []);
  assertEquals(own.dispatches.filter(({ operation }) => operation === "concat"), []);
  // Moments are computed once for the input, for each layer but the last, and for each bottleneck.
  assertEquals(own.dispatches.filter(({ operation }) => operation === "moments").length, 2 * layers);
});

Deno.test("workspace: has no dispatch and no value of its own", async () => {
  const gpu = await Gpu.open();
  const host = workspace([1, 8, 2, 2], "host");
  const x = variable(floatType([1, 4, 2, 2], "channels_last"), "x");
  const parts = [0, 4].map((channel) => averagePool2d(x, unit, { host, channel })) as [Tensor, Tensor];
  const whole = readable(append(...parts));
  assertEquals(evaluate([host], new Map())[0], new Float64Array(32));
  assertEquals(plan({ results: [whole] }, gpu.target).dispatches.length, 3);
  const values = new Map([[x, uniformArray(1, 16, -1, 1)]]);
  const [stored] = await runGraph(gpu, { values, tensors: [whole] });
  assertEquals([...stored!.values], [...values.get(x)!, ...values.get(x)!]);
  gpu.close();
});

Deno.test("a tensor that does not fit into its place is refused", () => {
  const host = workspace([1, 8, 2, 2], "host");
  const x = variable(floatType([1, 4, 2, 2], "channels_last"), "x");
  const into = (channel: number, other = host) => () =>
    applyInto(operations.average_pool2d, [x], unit, { host: other, channel });
  assertThrows(into(6), RangeError, "Cannot place average_pool2d [1,4,2,2] at channel 6 of host [1,8,2,2]");
  assertThrows(into(8), RangeError, "at channel 8");
  assertThrows(into(0, workspace([1, 8, 2, 3], "other")), RangeError, "of other [1,8,2,3]");
  assertThrows(() => append(x, x), RangeError, "do not lie side by side");
  assertThrows(() => narrow(x, 2, 2), RangeError, "channels 2 to 4 are not quads of 4 channels");
});

Deno.test("a plan refuses an operation that would read another tensor's rows as its own", async () => {
  const gpu = await Gpu.open();
  const host = workspace([1, 8, 2, 2], "host");
  const x = variable(floatType([1, 4, 2, 2], "channels_last"), "x");
  const part = averagePool2d(x, unit, { host, channel: 4 });
  assertThrows(() => plan({ results: [part] }, gpu.target), RangeError, "lies in another tensor's rows");
  assertThrows(
    () => plan({ results: [multiply(part, x)] }, gpu.target),
    RangeError,
    "lies in another tensor's rows",
  );
  gpu.close();
});
