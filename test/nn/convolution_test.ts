/** Convolution layers and sequences of layers. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { floatType } from "../../src/graph/layout.ts";
import { ancestors } from "../../src/graph/tensor.ts";
import { convolutionLayer, transposedConvolutionLayer } from "../../src/nn/convolution.ts";
import { ParameterSet } from "../../src/nn/parameters.ts";
import { Sequence } from "../../src/nn/sequence.ts";
import { variable } from "../../src/ops/variable.ts";

const image = (channels: number, side: number) =>
  variable(floatType([2, channels, side, side], "channels_last"), "x");

/** The largest absolute initial value of a key. */
function bound(set: ParameterSet, key: string): number {
  return set.initialValues(3).get(key)!.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

Deno.test("a convolution owns a weight [out, in, k, k] and a bias, within ±1/√(in·k²)", () => {
  const set = new ParameterSet();
  const layer = convolutionLayer(set, "blocks.0", {
    input: 32,
    output: 64,
    kernel: 4,
    stride: 2,
    padding: 1,
  });
  assertEquals(set.all.map(({ key, tensor }) => [key, tensor.shape, tensor.type.layout]), [
    ["blocks.0.weight", [64, 32, 4, 4], "taps_first"],
    ["blocks.0.bias", [64], "flat"],
  ]);
  const limit = 1 / Math.sqrt(32 * 16);
  assert(bound(set, "blocks.0.weight") <= limit && bound(set, "blocks.0.weight") > 0.99 * limit);
  assert(bound(set, "blocks.0.bias") <= limit && bound(set, "blocks.0.bias") > 0.8 * limit);
  const y = layer(image(32, 16));
  assertEquals([y.operation.name, y.label, y.shape], ["conv2d", "blocks.0", [2, 64, 8, 8]]);
});

Deno.test("a transposed convolution owns a weight [in, out, k, k]; its fan-in counts the output channels", () => {
  const set = new ParameterSet();
  const layer = transposedConvolutionLayer(set, "up", {
    input: 64,
    output: 32,
    kernel: 4,
    stride: 2,
    padding: 1,
  });
  assertEquals(set.all.map(({ key, tensor }) => [key, tensor.shape]), [
    ["up.weight", [64, 32, 4, 4]],
    ["up.bias", [32]],
  ]);
  const limit = 1 / Math.sqrt(32 * 16);
  assert(bound(set, "up.weight") <= limit && bound(set, "up.weight") > 0.99 * limit);
  assert(bound(set, "up.bias") <= limit && bound(set, "up.bias") > 0.8 * limit);
  assertEquals(layer(image(64, 8)).shape, [2, 32, 16, 16]);
});

Deno.test("stride 1 and padding 0 are the defaults, and a layer that is used twice has one set of weights", () => {
  const set = new ParameterSet();
  const layer = convolutionLayer(set, "point", { input: 3, output: 5, kernel: 1 });
  const [first, second] = [layer(image(3, 7)), layer(image(3, 4))];
  assertEquals([first.shape, second.shape], [[2, 5, 7, 7], [2, 5, 4, 4]]);
  assertEquals(first.inputs[1], second.inputs[1]);
  assertEquals(set.all.length, 2);
  assertThrows(() => layer(image(4, 4)), RangeError, "Cannot run conv2d");
});

Deno.test("layers without weights take an index in a sequence", () => {
  const set = new ParameterSet();
  const sequence = new Sequence("net.blocks")
    .add((key) => convolutionLayer(set, key, { input: 3, output: 4, kernel: 1 }))
    .relu()
    .add((key) => convolutionLayer(set, key, { input: 4, output: 2, kernel: 3, padding: 1 }))
    .relu();
  assertEquals(set.all.map(({ key }) => key), [
    "net.blocks.0.weight",
    "net.blocks.0.bias",
    "net.blocks.2.weight",
    "net.blocks.2.bias",
  ]);
  const x = image(3, 5);
  const y = sequence.layer(x);
  assertEquals(y.shape, [2, 2, 5, 5]);
  const names = ancestors([y]).map(({ operation }) => operation.name).filter((name) => name !== "variable");
  assertEquals(names, ["conv2d", "relu", "conv2d", "relu"]);
  assertEquals(new Sequence("empty").layer(x), x);
});
