/** Trained classifiers: from a checkpoint to probabilities. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../src/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { Executor } from "../../src/gpu/executor.ts";
import { Memory } from "../../src/gpu/memory.ts";
import { floatType } from "../../src/graph/layout.ts";
import { writeSafetensors } from "../../src/io/safetensors_file.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { channelsLast } from "../../src/ops/channels.ts";
import { variable } from "../../src/ops/variable.ts";
import { plan } from "../../src/plan/plan.ts";
import { keyOf, normalArray } from "../../src/random.ts";
import { Classifier } from "../../src/trained/classifier.ts";
import { readClassifier } from "../../src/trained/classifier_file.ts";
import { saveWeights } from "../../src/trained/model_file.ts";
import { saveClassifier, smallDensenet, smallWeights } from "./small_classifier.ts";

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const count = 7;
const side = 32;
const length = 3 * side * side;
const images = normalArray(keyOf("images"), count * length);
const sized = (count: number) => ({ count, height: side, width: side });

Deno.test("probabilities are the sigmoids of the model's logits, in batches of any size", async () => {
  const path = join(folder, "densenet.safetensors");
  await saveClassifier(path, smallDensenet, { input: "orig", class_names: JSON.stringify(["a", "b", "c"]) });
  const gpu = await Gpu.open();
  const whole = new Classifier(gpu, await readClassifier(path));
  assertEquals([whole.classNames, whole.configuration], [["a", "b", "c"], smallDensenet]);
  const probabilities = await whole.predict(images, sized(count));
  const logits = await directLogits(gpu);
  assertEquals(probabilities, logits.map((logit) => 1 / (1 + Math.exp(-logit))));
  assertEquals(new Set(probabilities).size, 3 * count);
  assert(probabilities.every((value) => value > 0 && value < 1));
  // Smaller and larger batches than in the first call.
  assertEquals(
    await whole.predict(images.slice(2 * length, 5 * length), sized(3)),
    probabilities.slice(6, 15),
  );
  const part = new Classifier(gpu, await readClassifier(path));
  assertEquals(await part.predict(images.slice(0, 3 * length), sized(3)), probabilities.slice(0, 9));
  assertEquals(await part.predict(images, sized(count)), probabilities);
  whole.close();
  part.close();
  assertEquals(gpu.allocated, { bytes: 0, buffers: 0 });
  gpu.close();
});

/** The logits of all images, without the class Classifier. */
async function directLogits(gpu: Gpu): Promise<Float32Array<ArrayBuffer>> {
  const model = new Densenet(smallDensenet);
  const memory = new Memory(gpu);
  const input = variable(floatType([count, 3, side, side]), "images");
  const logits = model.forward(channelsLast(input), "evaluate");
  const executor = await Executor.load(plan({ results: [logits] }, gpu.target), memory);
  const weights = smallWeights(smallDensenet);
  for (const { key, tensor } of model.set.all) memory.write(tensor, weights.get(key)!.data);
  memory.write(input, images);
  executor.run();
  const [values] = await executor.read([logits]);
  executor.destroy();
  memory.destroy();
  return values as Float32Array<ArrayBuffer>;
}

Deno.test("a classifier of latents takes the number of channels in its configuration", async () => {
  const path = join(folder, "latent.safetensors");
  await saveClassifier(path, { ...smallDensenet, latent_channels: 2 }, { input: "latent" });
  const gpu = await Gpu.open();
  const classifier = new Classifier(gpu, await readClassifier(path));
  assertEquals(classifier.classNames, ["class 1", "class 2", "class 3"]);
  const probabilities = await classifier.predict(images.slice(0, 2 * 2 * side * side), sized(2));
  assertEquals(new Set(probabilities).size, 6);
  classifier.close();
  gpu.close();
});

Deno.test("files that are not a classifier's checkpoint are refused in one line", async () => {
  const weights = smallWeights(smallDensenet);
  const position = { steps: 1, epochs: 1, batches: 0 };
  const path = join(folder, "other.safetensors");
  const refused = async (message: string) => {
    const error = await assertRejects(() => readClassifier(path), DataError);
    assertEquals(error.message, `${path}: ${message}`);
  };
  await saveWeights(path, { kind: "vqvae", configuration: {} }, weights, position);
  await refused("holds weights of a vqvae, expected a densenet");

  await writeSafetensors(path, new Map([["fc.weight", { shape: [1], data: Float32Array.of(1) }]]));
  await refused(
    "weights of another model: expected keys such as features.conv0.weight, features.norm0.weight; " +
      "found 1 tensors: fc.weight",
  );

  await saveClassifier(path, smallDensenet, { input: "noise" });
  await refused('was trained on "noise", expected orig, recon, latent');

  for (const class_names of ['["a","b"]', '["a","b",3]', "a,b,c"]) {
    await saveClassifier(path, smallDensenet, { input: "orig", class_names });
    await refused(`its class names are ${class_names}, expected a list of 3 texts`);
  }

  weights.delete("model.classifier.0.bias");
  await saveWeights(path, { kind: "densenet", configuration: smallDensenet }, weights, position);
  const { parameters, buffers } = new Densenet(smallDensenet).set;
  await refused(
    `weights of another model: 1 of ${
      parameters.length + buffers.length
    } tensors are missing, such as model.classifier.0.bias`,
  );
});
