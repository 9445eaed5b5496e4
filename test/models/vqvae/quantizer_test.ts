/** The quantizer, compared with the operations' references. */

import { assert, assertEquals } from "@std/assert";
import { Gpu } from "../../../src/gpu/device.ts";
import { floatType } from "../../../src/graph/layout.ts";
import type { Tensor } from "../../../src/graph/tensor.ts";
import { Quantizer } from "../../../src/models/vqvae/quantizer.ts";
import { ParameterSet } from "../../../src/nn/parameters.ts";
import { gradients } from "../../../src/ops/gradient.ts";
import { add } from "../../../src/ops/elementwise.ts";
import { sum } from "../../../src/ops/reduce.ts";
import { variable } from "../../../src/ops/variable.ts";
import { normalArray } from "../../../src/random.ts";
import { evaluate } from "../../case_graph.ts";
import { relativeError, runGraph, type Values } from "../../run_graph.ts";

const [dim, codes] = [5, 9];
const inputType = floatType([2, dim, 3, 4], "channels_last");

/** A quantizer with its initial codebook, applied to 24 positions. */
function sample() {
  const set = new ParameterSet();
  const quantizer = new Quantizer(set, "quantize_t", dim, codes, 0.9);
  const x = variable(inputType, "x");
  const values = new Map<Tensor, Values>([[x, normalArray(1, 120)]]);
  const initial = set.initialValues(816);
  for (const { key, tensor } of set.buffers) values.set(tensor, initial.get(key)!);
  return { set, quantizer, x, values, quantized: quantizer.quantize(x) };
}

Deno.test("a quantizer's buffers have PyTorch's keys and shapes", () => {
  assertEquals(sample().set.buffers.map(({ key, tensor }) => [key, tensor.shape]), [
    ["quantize_t.embed", [dim, codes]],
    ["quantize_t.cluster_size", [codes]],
    ["quantize_t.embed_avg", [dim, codes]],
  ]);
});

Deno.test("a step quantizes the batch by the old codes and then updates the codes", async () => {
  const { set, quantizer, x, values, quantized } = sample();
  const key = variable({ shape: [4], dtype: "u32", layout: "flat" }, "key");
  values.set(key, Uint32Array.of(816, 0, 0, 0));
  const { codes: chosen, values: found, difference, perplexity } = quantized;
  const effects = [quantizer.count(quantized), ...quantizer.update(quantized, { threshold: 0.15, key })];
  values.set(quantizer.usage, new Uint32Array(codes).fill(100));
  const buffers = set.buffers.map(({ tensor }) => tensor);
  const tensors = [chosen, found, difference, perplexity, quantizer.usage, ...buffers];
  const expected = evaluate(tensors, values, effects);
  const gpu = await Gpu.open();
  const results = await runGraph(gpu, { values, tensors, effects });
  gpu.close();
  results.forEach((result, index) => {
    const error = relativeError(result.values, expected[index]!);
    assert(error < 1e-5, `${tensors[index]!.label}: ${error}`);
  });
  const [, vectors, , , usage, embed, clusterSize] = results.map((result) => result.values);
  const before = values.get(set.buffers[0]!.tensor)!;
  const columns = new Set(Array.from({ length: codes }, (_, code) => before[code]));
  // Each position's vector begins with the first number of some code before the update.
  for (let position = 0; position < 12; position++) assert(columns.has(vectors![position]!));
  assertEquals(Array.from(usage!).reduce((total, count) => total + count), 900 + 24);
  assert(embed!.some((value, index) => value !== before[index]));
  // The moving count is a tenth of the batch's. With one member or none it is below the threshold, and the code
  // restarts.
  const sizes = Array.from(usage!, (count) => count <= 101 ? 0.3 : 0.1 * (count - 100));
  assert(sizes.includes(0.3) && relativeError(clusterSize!, sizes) < 1e-6);
  assertEquals(found.shape, x.shape);
});

Deno.test("difference is mean((values − input)²), and its gradient reaches the input only", () => {
  const { x, values, quantized } = sample();
  const [difference, found] = evaluate([quantized.difference, quantized.values], values);
  const input = values.get(x)!;
  const squares = found!.reduce((total, value, index) => total + (value - input[index]!) ** 2, 0);
  assert(relativeError(difference!, [squares / 120]) < 1e-12);
  // The gradient of the values' sum passes straight through as 1, and that of the difference is 2 / 120 · (input −
  // values).
  const [toX] = evaluate(gradients(add(sum(quantized.values), quantized.difference), [x]), values);
  assert(relativeError(toX!, found!.map((value, index) => 1 + 2 / 120 * (input[index]! - value))) < 1e-12);
});

Deno.test("looking up the codes gives the vectors of quantizing", () => {
  const { values, quantizer, quantized } = sample();
  const [found, again] = evaluate([quantized.values, quantizer.lookUp(quantized.codes)], values);
  assertEquals(again, found);
});
