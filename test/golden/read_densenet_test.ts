/** The goldens of DenseNet are complete and consistent. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { toFloat32 } from "../../src/io/host_tensor.ts";
import { readWeights } from "../../src/io/weights_file.ts";
import { checksum, checksumError, goldenPath } from "./read.ts";
import {
  densenetBatch,
  type DensenetGolden,
  densenetState,
  readDensenetGoldens,
  readDensenetShapes,
} from "./read_densenet.ts";

const goldens = await readDensenetGoldens();

for (const golden of goldens) {
  Deno.test(`densenetState generates the initial weights: ${golden.name}`, () => {
    const state = densenetState(golden);
    for (const { name, shape, initial } of [...golden.parameters, ...golden.buffers]) {
      const values = state.get(name)!;
      assertEquals(values.length, shape.reduce((product, extent) => product * extent, 1));
      assert(checksumError(initial, checksum(name, values)) < 1e-7, name);
    }
    assertEquals(state.size, golden.parameters.length + golden.buffers.length);
  });

  for (const { name, format } of golden.files) {
    Deno.test(`the file holds the same weights: ${name}`, async () => {
      const { tensors, format: found } = await readWeights(goldenPath(name).pathname);
      assertEquals(found, `torch-${format}`);
      for (const [key, values] of densenetState(golden)) {
        assertEquals(toFloat32(tensors.get(key)!), values, key);
      }
    });
  }

  Deno.test(`no value is close to a discontinuity, and float32 deviates little: ${golden.name}`, () => {
    const { margins, float32_deviation: deviation } = golden;
    assert(margins.relu > 1e-4 && margins.max_pool > 1e-6, JSON.stringify(margins));
    assert(
      deviation.gradients < 5e-5 && deviation.statistics < 1e-5 && deviation.logits < 2e-5,
      JSON.stringify(deviation),
    );
    assert(Math.max(...deviation.losses) < 1e-4, JSON.stringify(deviation));
    // The loss changes enough for a wrong update to show.
    const [first, , third] = golden.losses as [number, number, number];
    assert(Math.abs(first - third) > 0.03 * first);
  });

  Deno.test(`the first loss follows from the logits and labels: ${golden.name}`, async () => {
    const { labels } = await densenetBatch(golden, 0);
    const softplus = (x: number) => Math.log1p(Math.exp(x));
    const total = labels.reduce((sum, label, index) => {
      const logit = golden.logits.values[index]!;
      return sum + softplus(label === 1 ? -logit : logit);
    }, 0);
    assertAlmostEquals(total / labels.length, golden.losses[0]!, 1e-6);
  });
}

Deno.test("complete gradients agree with their checksums", () => {
  const whole = goldens.flatMap(({ parameters }) => parameters).filter(({ values }) => values);
  assert(whole.length > 50);
  for (const { name, gradient, values } of whole) {
    assert(checksumError(gradient, checksum(name, values!.values)) < 1e-6, name);
  }
});

Deno.test("batches have labels of both kinds, and alternate", async () => {
  for (const golden of goldens) {
    const [first, second, third] = await Promise.all([0, 1, 2].map((step) => densenetBatch(golden, step)));
    assertEquals(first, third);
    assert(first!.inputs.some((value, index) => value !== second!.inputs[index]));
    const { batch, configuration: { latent_channels, n_classes } } = golden;
    assertEquals(first!.inputs.length, batch * (latent_channels || 3) * first!.side ** 2);
    for (const { labels } of [first!, second!]) {
      assertEquals(labels.length, batch * n_classes);
      assertEquals(new Set(labels), new Set([0, 1]));
    }
  }
});

/** Keys as in torchvision, without the prefix `model.` of the surrounding classifier. */
function torchvisionKeys({ parameters, buffers }: DensenetGolden): string[] {
  const keys = [...parameters, ...buffers].map(({ name }) => name);
  return keys.map((key) => key.replace(/^model\./, "").replace("classifier.0.", "classifier."));
}

Deno.test("torchvision's files hold the same ten-class network in every format and spelling", async () => {
  const names = [
    "imagenet_zip.pth",
    "imagenet_legacy.pth",
    "imagenet_zip_old.pth",
    "imagenet_legacy_old.pth",
  ];
  const files = await Promise.all(names.map((name) => readWeights(goldenPath(name).pathname)));
  assertEquals(files.map(({ format }) => format), ["torch-zip", "torch-legacy", "torch-zip", "torch-legacy"]);
  const [first] = files;
  assertEquals(first!.tensors.get("classifier.weight")!.shape[0], 10);
  const counters = [...first!.tensors.keys()].filter((key) => key.endsWith("num_batches_tracked"));
  for (const [index, { tensors }] of files.entries()) {
    assertEquals(tensors.has("features.norm0.num_batches_tracked"), index < 2);
    assertEquals(tensors.size, first!.tensors.size - (index < 2 ? 0 : counters.length));
    for (const [key, tensor] of tensors) assertEquals(tensor, first!.tensors.get(key), key);
  }
  // All names of layers are known from the small model.
  const layer = (key: string) => key.replace(/denselayer\d+/, "denselayer");
  const small = torchvisionKeys(goldens.find(({ name }) => name === "small_orig")!);
  const known = new Set(small.map(layer));
  for (const key of first!.tensors.keys()) assert(known.has(layer(key)) || counters.includes(key), key);
});

Deno.test("the goldens of densenet121 have torchvision's shapes", async () => {
  const { parameters, buffers } = await readDensenetShapes();
  const { parameters: own, buffers: ownBuffers } = goldens.find(({ name }) => name === "densenet121_latent")!;
  assertEquals(Object.fromEntries(own.map(({ name, shape }) => [name, shape])), parameters);
  assertEquals(Object.fromEntries(ownBuffers.map(({ name, shape }) => [name, shape])), buffers);
});
