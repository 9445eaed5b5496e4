/** VQ-VAE-2: parameters, widths, shapes, initial values and gradients. */

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { elementCount, floatType } from "../../../src/graph/layout.ts";
import { ancestors } from "../../../src/graph/tensor.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "../../../src/models/vqvae/configuration.ts";
import { Vqvae } from "../../../src/models/vqvae/model.ts";
import { gradients } from "../../../src/ops/gradient.ts";
import { variable } from "../../../src/ops/variable.ts";
import { readTrainingGoldens } from "../../golden/read.ts";

const goldens = await readTrainingGoldens();

function build(changes: Partial<VqvaeConfiguration> = {}): Vqvae {
  return new Vqvae({ ...defaultConfiguration, ...changes });
}

function parameterCount({ set }: Vqvae): number {
  return set.parameters.reduce((sum, { tensor }) => sum + elementCount(tensor.shape), 0);
}

Deno.test("the default model has 1,466,947 trainable parameters", () => {
  assertEquals(parameterCount(build()), 1466947);
});

for (const { name, configuration, parameters, buffers } of goldens) {
  Deno.test(`keys and shapes are PyTorch's: ${name}`, () => {
    const { set } = build(configuration);
    const shapes = (list: typeof set.parameters) => list.map(({ key, tensor }) => [key, [...tensor.shape]]);
    assertEquals(
      new Map(shapes(set.parameters) as [string, number[]][]),
      new Map(parameters.map(({ name, shape }) => [name, shape])),
    );
    assertEquals(
      new Map(shapes(set.buffers) as [string, number[]][]),
      new Map(buffers.map(({ name, shape }) => [name, shape])),
    );
  });
}

/** The shapes of the weights in one part of the model, by their keys within its sequence. */
function weights(model: Vqvae, part: string): Record<string, number[]> {
  return Object.fromEntries(
    model.set.parameters.filter(({ key }) => key.startsWith(`${part}.`) && key.endsWith(".weight"))
      .map(({ key, tensor }) => [key.slice(part.length + 8, -7), [...tensor.shape]]),
  );
}

Deno.test("an encoder's widths are c/2 for stride 2 and double up to c for others, and ReLUs take an index", () => {
  const c = 16;
  const encoder = (second_stride: number) =>
    weights(build({ channel: c, n_res_block: 1, n_res_channel: 3, embed_dim: 8, second_stride }), "enc_t");
  const rest = (first: number, from: number) => ({
    [first]: [c, from, 3, 3],
    [`${first + 1}.conv.1`]: [3, c, 3, 3],
    [`${first + 1}.conv.3`]: [c, 3, 1, 1],
  });
  assertEquals(encoder(2), { 0: [8, 16, 4, 4], ...rest(2, 8) });
  assertEquals(encoder(4), { 0: [8, 16, 4, 4], 2: [16, 8, 4, 4], ...rest(4, 16) });
  assertEquals(encoder(8), { 0: [4, 16, 4, 4], 2: [8, 4, 4, 4], 4: [16, 8, 4, 4], ...rest(6, 16) });
  assertEquals(encoder(16), {
    0: [2, 16, 4, 4],
    2: [4, 2, 4, 4],
    4: [8, 4, 4, 4],
    6: [16, 8, 4, 4],
    ...rest(8, 16),
  });
});

Deno.test("a decoder's widths halve from c, the last is the output's, and upsample_t starts from embed_dim", () => {
  const model = (second_stride: number) =>
    build({ channel: 16, n_res_block: 1, n_res_channel: 3, embed_dim: 8, second_stride });
  const start = (input: number, c: number) => ({
    0: [c, input, 3, 3],
    "1.conv.1": [3, c, 3, 3],
    "1.conv.3": [c, 3, 1, 1],
  });
  // The residual block has index 1 and the ReLU index 2. Transposed convolutions [in, out, 4, 4] with ReLUs between
  // them follow.
  assertEquals(weights(model(2), "dec_t"), { ...start(8, 16), 3: [16, 8, 4, 4] });
  assertEquals(weights(model(4), "dec_t"), { ...start(8, 16), 3: [16, 8, 4, 4], 5: [8, 8, 4, 4] });
  assertEquals(weights(model(16), "dec_t"), {
    ...start(8, 16),
    3: [16, 8, 4, 4],
    5: [8, 4, 4, 4],
    7: [4, 2, 4, 4],
    9: [2, 8, 4, 4],
  });
  assertEquals(weights(model(16), "upsample_t"), {
    ...start(8, 8),
    3: [8, 4, 4, 4],
    5: [4, 2, 4, 4],
    7: [2, 1, 4, 4],
    9: [1, 8, 4, 4],
  });
});

for (
  const [first_stride, second_stride] of [[2, 2], [4, 2], [2, 4], [8, 4], [4, 8], [16, 4], [2, 16]] as const
) {
  Deno.test(`strides ${first_stride} and ${second_stride} give grids of that size and images of the original size`, () => {
    const model = build({
      channel: 16,
      n_res_channel: 3,
      embed_dim: 8,
      n_embed: 9,
      first_stride,
      second_stride,
    });
    const total = first_stride * second_stride;
    const [height, width] = [2 * total, 3 * total];
    const images = variable(floatType([2, 3, height, width], "channels_last"), "images");
    const { reconstruction, top, bottom, loss, reconstructionLoss, latentLoss } = model.forward(images);
    assertEquals(reconstruction.shape, images.shape);
    assertEquals(top.codes.shape, [2, 2, 3]);
    assertEquals(top.values.shape, [2, 8, 2, 3]);
    assertEquals(bottom.codes.shape, [2, 2 * second_stride, 3 * second_stride]);
    assertEquals(model.latent(top.values, bottom.values).shape, [
      2,
      16,
      2 * second_stride,
      3 * second_stride,
    ]);
    for (const scalar of [loss, reconstructionLoss, latentLoss, top.perplexity]) {
      assertEquals(scalar.shape, []);
    }
  });
}

Deno.test("sides that the strides do not divide are refused", () => {
  const images = variable(floatType([1, 3, 36, 32], "channels_last"), "images");
  assertThrows(() => build().forward(images), RangeError);
});

Deno.test("every parameter has a gradient, and no gradient reaches a codebook", () => {
  const model = build({ channel: 8, embed_dim: 4, n_embed: 7 });
  const { loss } = model.forward(variable(floatType([1, 3, 16, 16], "channels_last"), "images"));
  const targets = model.set.parameters.map(({ tensor }) => tensor);
  assertEquals(gradients(loss, targets).map(({ shape }) => shape), targets.map(({ shape }) => shape));
  for (const { key, tensor } of model.set.buffers) {
    assertThrows(() => gradients(loss, [tensor]), RangeError, `does not depend on ${key}`);
  }
});

Deno.test("initial values: PyTorch's bounds, codes standard normal, embed_avg equal to embed, sizes zero", () => {
  const model = build();
  const values = model.set.initialValues(816);
  for (const { key, tensor: { shape } } of model.set.parameters) {
    const weight = model.set.parameters.find((each) =>
      each.key === key.replace(/bias$/, "weight")
    )!.tensor.shape;
    const bound = 1 / Math.sqrt(elementCount(weight.slice(1)));
    const largest = values.get(key)!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert(largest <= bound, `${key}: ${largest} of ${bound}`);
    if (elementCount(shape) > 1000) assert(largest > 0.99 * bound, `${key}: ${largest} of ${bound}`);
  }
  for (const level of ["quantize_t", "quantize_b"]) {
    const embed = values.get(`${level}.embed`)!;
    const variance = embed.reduce((sum, value) => sum + value ** 2, 0) / embed.length;
    assert(Math.abs(variance - 1) < 0.05);
    assertEquals(values.get(`${level}.embed_avg`), embed);
    assertEquals(values.get(`${level}.cluster_size`), new Float32Array(512));
  }
  assertNotEquals(values.get("quantize_t.embed"), values.get("quantize_b.embed"));
  for (const [key, again] of build().set.initialValues(816)) assertEquals(again, values.get(key), key);
});

Deno.test("no residual blocks leave the rest as it is", () => {
  const keys = build({ n_res_block: 0 }).set.parameters.map(({ key }) => key);
  assertEquals(keys.filter((key) => key.startsWith("enc_t.")), [
    "enc_t.blocks.0.weight",
    "enc_t.blocks.0.bias",
    "enc_t.blocks.2.weight",
    "enc_t.blocks.2.bias",
  ]);
});

Deno.test("the skip of a residual block carries ReLU(x)", () => {
  const model = build({ channel: 8, embed_dim: 4, n_embed: 7, n_res_block: 1 });
  const { reconstruction } = model.forward(variable(floatType([1, 3, 16, 16], "channels_last"), "images"));
  const sums = ancestors([reconstruction]).filter(({ operation }) => operation.name === "add");
  assertEquals(sums.length, 5);
  for (const { inputs: [branch, skip] } of sums) {
    assertEquals([branch!.operation.name, skip!.operation.name], ["conv2d", "relu"]);
    // The branch and the skip connection begin at the same ReLU.
    assert(ancestors([branch!]).includes(skip!));
  }
});
