/**
 * Pooling beyond the table of cases: values in another tensor's rows, NaN, and winners, which only a gradient needs.
 */

import { assert, assertEquals } from "@std/assert";
import { Gpu } from "../../src/gpu/device.ts";
import { floatType } from "../../src/graph/layout.ts";
import { applyInto, type Tensor } from "../../src/graph/tensor.ts";
import { averagePool2d, globalAveragePool2d } from "../../src/ops/average_pooling.ts";
import { gradients } from "../../src/ops/gradient.ts";
import { maxPool2d, maxPool2dGradient } from "../../src/ops/max_pooling.ts";
import type { PoolWindow } from "../../src/ops/pool_window.ts";
import { multiply } from "../../src/ops/elementwise.ts";
import { sum } from "../../src/ops/reduce.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";
import { normalArray } from "../../src/random.ts";
import { evaluate } from "../case_graph.ts";
import { relativeError, runGraph } from "../run_graph.ts";
import { softwareTarget } from "../plan/targets.ts";

const stem: PoolWindow = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] };
const copying: PoolWindow = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0] };

function images(label: string, ...shape: number[]): Tensor {
  return variable(floatType(shape, "channels_last"), label);
}

/** Copies x into the rows of `host`, from a channel on. */
function placed(x: Tensor, host: Tensor, channel: number): Tensor {
  return averagePool2d(x, copying, { host, channel });
}

Deno.test("pools read and write their part of another tensor's rows, and nothing else", async () => {
  const [x, wide, narrow] = [
    images("x", 2, 8, 7, 9),
    images("wide", 2, 20, 7, 9),
    images("narrow", 2, 16, 4, 5),
  ];
  const [pixels, rows] = [images("pixels", 2, 24, 1, 1), images("rows", 2, 12, 7, 9)];
  const values = new Map([
    [x, normalArray(1, 2 * 8 * 63)],
    [wide, normalArray(2, 2 * 20 * 63)],
    [narrow, normalArray(3, 2 * 16 * 20)],
    [pixels, normalArray(4, 2 * 24)],
    [rows, normalArray(5, 2 * 12 * 63)],
  ]);
  const inside = placed(x, wide, 4);
  const largest = maxPool2d(inside, stem, { host: narrow, channel: 8 });
  const means = averagePool2d(inside, { ...stem, countIncludePadding: false });
  const whole = globalAveragePool2d(inside, { host: pixels, channel: 12 });
  // Both gradients read their upstream from `narrow`, and one writes its result into `rows`.
  const toMeans = gradients(sum(multiply(means, means)), [inside])[0]!;
  const plainGradient = maxPool2dGradient(largest, largest);
  const { operation, inputs, attributes } = plainGradient;
  const gradient = applyInto(operation, inputs, attributes, { host: rows, channel: 0 });
  const outputs = [ownMemory(largest), means, ownMemory(whole), toMeans, plainGradient, ownMemory(gradient)];
  const hosts = [wide, narrow, pixels, rows];

  const gpu = await Gpu.open();
  const results = await runGraph(gpu, { values, tensors: [...outputs, ...hosts] });
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();

  evaluate(outputs, values).forEach((expected, index) => {
    assert(relativeError(results[index]!.values, expected) < 1e-6, `output ${index}`);
  });
  const written = [[inside, wide, 4], [largest, narrow, 8], [whole, pixels, 12], [
    gradient,
    rows,
    0,
  ]] as const;
  const parts = evaluate(written.map(([part]) => part), values);
  written.forEach(([part, host, channel], index) => {
    const expected = withChannels(host.shape, values.get(host)!, part.shape, parts[index]!, channel);
    assert(relativeError(results[outputs.length + index]!.values, expected) < 1e-6, host.label);
  });
});

/** A copy, in memory of its own, of a tensor that lies in another's rows. */
function ownMemory(x: Tensor): Tensor {
  return averagePool2d(x, copying);
}

/** Values [B, C, H, W] with some channels replaced by those of `part`. */
function withChannels(
  [images, channels, height, width]: readonly number[],
  values: ArrayLike<number>,
  [, count]: readonly number[],
  part: ArrayLike<number>,
  first: number,
): Float64Array {
  const pixels = height! * width!;
  const changed = Float64Array.from(values);
  for (let image = 0; image < images!; image++) {
    for (let index = 0; index < count! * pixels; index++) {
      changed[(image * channels! + first) * pixels + index] = part[image * count! * pixels + index]!;
    }
  }
  return changed;
}

Deno.test("max_pool2d: NaN wins, and the gradient flows to the last of several NaNs, as in PyTorch", async () => {
  const x = images("x", 1, 1, 2, 6);
  const window = { ...copying, kernel: [2, 3], stride: [2, 3] } as const;
  const pooled = maxPool2d(x, window);
  const upstream = images("upstream", 1, 1, 1, 2);
  const values = new Map([
    [
      x,
      Float32Array.of(1, NaN, 3, -Infinity, -Infinity, -Infinity, 9, NaN, 2, -Infinity, -Infinity, -Infinity),
    ],
    [upstream, Float32Array.of(5, 7)],
  ]);
  const tensors = [pooled, maxPool2dGradient(pooled, upstream)];
  const expected = [[NaN, -Infinity], [0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0, 0]];
  const gpu = await Gpu.open();
  const results = await runGraph(gpu, { values, tensors });
  gpu.close();
  assertEquals(results.map((each) => Array.from(each.values)), expected);
  assertEquals(evaluate(tensors, values).map((each) => Array.from(each)), expected);
});

Deno.test("max_pool2d: winners are written only if a gradient reads them, and once for all gradients", () => {
  const x = images("x", 2, 5, 8, 8);
  const bindings = (results: Tensor[]) =>
    plan({ results }, softwareTarget).dispatches.map(({ bindings }) => bindings.map(({ name }) => name));
  const pooled = maxPool2d(x, stem);
  assertEquals(bindings([pooled]), [["x", "y"]]);
  const upstream = images("upstream", 2, 5, 4, 4);
  const both = [maxPool2dGradient(pooled, upstream), maxPool2dGradient(pooled, pooled)];
  assertEquals(bindings(both), [
    ["x", "y", "winners"],
    ["x", "y", "winners"],
    ["x", "y", "winners"],
  ]);
  assertEquals(pooled.auxiliary.length, 1);
});
