/** DenseNet: parameters, initial values, shapes and gradients. */

import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../src/errors.ts";
import { elementCount, floatType } from "../../../src/graph/layout.ts";
import { ancestors } from "../../../src/graph/tensor.ts";
import { densenet121, type DensenetConfiguration } from "../../../src/models/densenet/configuration.ts";
import { Densenet, type Mode } from "../../../src/models/densenet/model.ts";
import type { Parameter } from "../../../src/nn/parameters.ts";
import { gradients } from "../../../src/ops/gradient.ts";
import { sum } from "../../../src/ops/reduce.ts";
import { variable } from "../../../src/ops/variable.ts";
import { readDensenetGoldens, readDensenetShapes } from "../../golden/read_densenet.ts";

const small = { growth_rate: 8, block_layers: [2, 4, 2, 2], initial_features: 16, bottleneck_factor: 4 };

function build(changes: Partial<DensenetConfiguration> = {}): Densenet {
  return new Densenet({ ...densenet121, ...changes });
}

function images(...shape: number[]) {
  return variable(floatType(shape, "channels_last"), "images");
}

function shapesOf(list: readonly Parameter[]): Record<string, number[]> {
  return Object.fromEntries(list.map(({ key, shape }) => [key, [...shape]]));
}

function countOf(list: readonly Parameter[]): number {
  return list.reduce((total, { shape }) => total + elementCount(shape), 0);
}

Deno.test("densenet121 has torchvision's 6,968,206 trained values for 14 classes", async () => {
  const { count } = await readDensenetShapes();
  assertEquals(count, 6968206);
  assertEquals(countOf(build().set.parameters), count);
  // A transposed convolution from two channels to three, with its bias.
  assertEquals(countOf(build({ latent_channels: 2 }).set.parameters), count + 9);
  assertEquals(countOf(build({ n_classes: 3 }).set.parameters), count - 11 * 1025);
});

Deno.test("keys and shapes are torchvision's: densenet121 on latents", async () => {
  const { parameters, buffers } = await readDensenetShapes();
  const { set } = build({ latent_channels: 2 });
  assertEquals(shapesOf(set.parameters), parameters);
  assertEquals(shapesOf(set.buffers), buffers);
});

Deno.test("without latents there is no init_conv, and all other parameters are the same", async () => {
  const { parameters, buffers } = await readDensenetShapes();
  const { set } = build();
  const rest = Object.entries(parameters).filter(([key]) => !key.startsWith("init_conv."));
  assertEquals(rest.length, Object.keys(parameters).length - 2);
  assertEquals(shapesOf(set.parameters), Object.fromEntries(rest));
  assertEquals(shapesOf(set.buffers), buffers);
});

for (const { name, configuration, parameters, buffers } of await readDensenetGoldens()) {
  Deno.test(`keys and shapes are PyTorch's: ${name}`, () => {
    const { set } = build(configuration);
    const wanted = (list: typeof buffers | typeof parameters) =>
      Object.fromEntries(list.map(({ name, shape }) => [name, shape]));
    assertEquals(shapesOf(set.parameters), wanted(parameters));
    assertEquals(shapesOf(set.buffers), wanted(buffers));
  });
}

Deno.test("a tensor has the number of elements of its shape in files", () => {
  for (const { key, shape, tensor } of build({ latent_channels: 2 }).set.all) {
    assertEquals(elementCount(shape), elementCount(tensor.shape), key);
  }
});

function spread(values: ArrayLike<number>): { mean: number; deviation: number; kurtosis: number } {
  const list = Array.from(values), average = (of: number[]) => of.reduce((a, b) => a + b, 0) / of.length;
  const mean = average(list), variance = average(list.map((value) => (value - mean) ** 2));
  const kurtosis = average(list.map((value) => (value - mean) ** 4)) / variance ** 2;
  return { mean, deviation: Math.sqrt(variance), kurtosis };
}

Deno.test("initial values: He's normal for convolutions, ones and zeros for batch normalisation", () => {
  const { set } = build();
  const values = set.initialValues(816);
  for (const { key, shape } of set.parameters.filter(({ shape }) => shape.length === 4)) {
    const fanIn = elementCount(shape.slice(1)), count = elementCount(shape);
    const { mean, deviation, kurtosis } = spread(values.get(key)!);
    const expected = Math.sqrt(2 / fanIn);
    // Five standard errors of each estimate; a normal variable's kurtosis is three.
    assert(Math.abs(mean) < 5 * expected / Math.sqrt(count), `${key}: mean ${mean}`);
    assert(Math.abs(deviation / expected - 1) < 5 / Math.sqrt(2 * count), `${key}: deviation ${deviation}`);
    assert(Math.abs(kurtosis - 3) < 5 * Math.sqrt(24 / count), `${key}: kurtosis ${kurtosis}`);
  }
  const norms = set.all.filter(({ key }) => /norm\d?\.\w+$/.test(key));
  assertEquals(norms.length, 4 * 121);
  for (const { key, shape } of norms) {
    const value = /weight$|running_var$/.test(key) ? 1 : 0;
    assertEquals(values.get(key), new Float32Array(elementCount(shape)).fill(value), key);
  }
});

Deno.test("initial values of the classifier and of init_conv: PyTorch's bounds, the classifier's bias zero", () => {
  const values = build({ ...small, latent_channels: 2, n_classes: 1000 }).set.initialValues(816);
  const largest = (key: string) =>
    values.get(key)!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // The classifier has 36 inputs.
  const weight = "model.classifier.0.weight";
  assert(largest(weight) <= 1 / 6 && largest(weight) > 0.999 / 6);
  // The uniform distribution in ±b has the deviation b/√3 and the kurtosis 1.8.
  const { deviation, kurtosis } = spread(values.get(weight)!);
  assertAlmostEquals(deviation, 1 / 6 / Math.sqrt(3), 1e-3);
  assertAlmostEquals(kurtosis, 1.8, 0.02);
  assertEquals(values.get("model.classifier.0.bias"), new Float32Array(1000));
  // The fan-in of a transposed convolution counts its output channels, here three.
  for (const key of ["init_conv.weight", "init_conv.bias"]) {
    assert(largest(key) <= 1 / Math.sqrt(3) && largest(key) > 0, key);
  }
  const wide = build({ ...small, latent_channels: 512 }).set.initialValues(816).get("init_conv.weight")!;
  assertAlmostEquals(wide.reduce((most, value) => Math.max(most, value), 0), 1 / Math.sqrt(3), 0.01);
});

Deno.test("initial values depend on the seed and each key alone", () => {
  const values = build(small).set.initialValues(816);
  for (const [key, again] of build(small).set.initialValues(816)) assertEquals(again, values.get(key), key);
  // Neither the number of classes nor the kind of input changes the initial features.
  const others = build({ ...small, latent_channels: 2, n_classes: 3 }).set.initialValues(816);
  for (const [key, value] of values) {
    if (key.startsWith("model.features.")) assertEquals(others.get(key), value, key);
  }
  const key = "model.features.denseblock1.denselayer1.conv1.weight";
  assertNotEquals(build(small).set.initialValues(817).get(key), values.get(key));
  // Two tensors of the same shape differ.
  const [first, second] = [1, 2].map((layer) => `model.features.denseblock2.denselayer${layer}.conv2.weight`);
  assertNotEquals(values.get(first!), values.get(second!));
});

Deno.test("logits are [B, n_classes, 1, 1] for images of all sides that are large enough", () => {
  for (const mode of ["train", "evaluate"] satisfies Mode[]) {
    for (const [height, width] of [[32, 32], [64, 64], [33, 47], [224, 224], [96, 40]] as const) {
      const logits = build({ ...small, n_classes: 5 }).forward(images(2, 3, height, width), mode);
      assertEquals(logits.shape, [2, 5, 1, 1]);
    }
    const latent = build({ ...small, n_classes: 5, latent_channels: 2 }).forward(images(2, 2, 64, 64), mode);
    assertEquals(latent.shape, [2, 5, 1, 1]);
  }
});

Deno.test("every parameter has a gradient, and none reaches running statistics", () => {
  const model = build({ ...small, latent_channels: 2 });
  const loss = sum(model.forward(images(4, 2, 64, 64), "train"));
  const targets = model.set.parameters.map(({ tensor }) => tensor);
  assertEquals(gradients(loss, targets).map(({ shape }) => shape), targets.map(({ shape }) => shape));
  for (const { key, tensor } of model.set.buffers) {
    assertThrows(() => gradients(loss, [tensor]), RangeError, `does not depend on ${key}`);
  }
});

Deno.test("the features of a block are neither concatenated nor copied", () => {
  for (const mode of ["train", "evaluate"] satisfies Mode[]) {
    const nodes = ancestors([build(small).forward(images(4, 3, 32, 32), mode)]);
    assertEquals(nodes.filter(({ operation }) => /concat|place_channels|slice/.test(operation.name)), []);
  }
});

Deno.test("impossible configurations are refused", () => {
  for (const n_classes of [0, -1, 1.5, NaN]) {
    assertThrows(() => build({ n_classes }), UsageError, `--n_classes ${n_classes}`);
  }
  for (
    const wrong of [{ latent_channels: -1 }, { growth_rate: 6 }, { initial_features: 20 }, {
      block_layers: [],
    }]
  ) {
    assertThrows(() => build(wrong), RangeError);
  }
});
