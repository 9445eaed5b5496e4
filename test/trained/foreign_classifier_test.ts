/** Classifiers of PyTorch in the forms in which training scripts and published checkpoints save them. */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { HostTensor } from "../../src/io/host_tensor.ts";
import { readWeights } from "../../src/io/weights_file.ts";
import { inferDensenetConfiguration } from "../../src/models/densenet/infer.ts";
import { Densenet } from "../../src/models/densenet/model.ts";
import { Classifier, inputChannels, type TrainedClassifier } from "../../src/trained/classifier.ts";
import { readClassifier } from "../../src/trained/classifier_file.ts";
import { classifierOf } from "../../src/trained/classifier_weights.ts";
import { modelKind } from "../../src/trained/model_kind_file.ts";
import { classifierWeights, pretrainedWeights } from "../../src/train/densenet/weights.ts";
import { goldenPath } from "../golden/read.ts";
import { densenetBatch, readDensenetGoldens } from "../golden/read_densenet.ts";
import { folder } from "../io/described.ts";

const form = (name: string) => `${folder}forms_${name}.pt`;
const { logits } = JSON.parse(await Deno.readTextFile(`${folder}forms.json`));
const assumed = "does not say what it was trained on; original images are assumed";
const leftOut = "init_conv is left out, which only classifiers of latents use";

/** Each file's notes, without its path. */
const forms: Record<string, string[]> = {
  original: [assumed, leftOut],
  published: [assumed],
  published_old: [assumed],
  torchvision: [assumed],
  compiled: [assumed, leftOut],
  lightning: [
    "1 tensor is left out, which no key with the prefix net. names, such as criterion.pos_weight",
    assumed,
  ],
  pair: [
    'several sets of weights fit: "prefix model.", "prefix model_ema."; prefix model. is used',
    "LEFT OUT",
    assumed,
  ],
  two: [
    'several sets of weights fit: "my_weights, prefix model.", "ema"; my_weights, prefix model. is used',
    assumed,
  ],
  module: [assumed],
  module_legacy: [assumed],
};

async function predict(
  trained: TrainedClassifier,
  images: Float32Array<ArrayBuffer>,
  count: number,
  side: number,
) {
  const gpu = await Gpu.open();
  const classifier = new Classifier(gpu, trained);
  const probabilities = await classifier.predict(images, { count, height: side, width: side });
  classifier.close();
  gpu.close();
  return probabilities;
}

/** The largest difference of probabilities from the sigmoids of logits. */
function largestError(probabilities: Float32Array, logits: ArrayLike<number>): number {
  return Math.max(
    ...probabilities.map((value, index) => Math.abs(value - 1 / (1 + Math.exp(-logits[index]!)))),
  );
}

Deno.test("a classifier in any form gives PyTorch's logits in evaluation mode", async () => {
  const trained = await readClassifier(form("torchvision"));
  const images = Float32Array.from({ length: 3 * 3 * 32 * 32 }, (_, index) => index % 23 / 23 - 0.5);
  const error = largestError(await predict(trained, images, 3, 32), logits);
  assert(error < 1e-6, `${error}`);
});

for (const [name, wanted] of Object.entries(forms)) {
  Deno.test(`a classifier in the form "${name}" is the same, and its notes say what was assumed`, async () => {
    const [trained, plain] = [await readClassifier(form(name)), await readClassifier(form("torchvision"))];
    const { configuration, classNames, input, weights } = trained;
    assertEquals([configuration, classNames, input], [
      plain.configuration,
      ["class 1", "class 2", "class 3"],
      "orig",
    ]);
    assertEquals(configuration, {
      n_classes: 3,
      latent_channels: 0,
      growth_rate: 4,
      block_layers: [2, 2, 2, 2],
      initial_features: 8,
      bottleneck_factor: 1,
    });
    assertEquals(weights, plain.weights);
    const notes = trained.notes!.map((note) => note.replace(`${form(name)}: `, ""));
    assertEquals(notes.length, wanted.length, notes.join("\n"));
    for (const [index, text] of wanted.entries()) {
      if (text === "LEFT OUT") assertStringIncludes(notes[index]!, "tensors are left out");
      else assertEquals(notes[index], text);
    }
    assertEquals(await modelKind(form(name)), "classifier");
  });

  Deno.test(`--init and --pretrained take the form "${name}"`, async () => {
    const { configuration, weights } = await readClassifier(form("torchvision"));
    const shapes = new Map(new Densenet(configuration).set.all.map(({ key, shape }) => [key, shape]));
    assertEquals(await classifierWeights(form(name), configuration, shapes, () => {}), weights);
    const features = await pretrainedWeights(form(name), shapes, () => {});
    assertEquals(features, new Map([...weights].filter(([key]) => key.startsWith("model.features."))));
  });
}

Deno.test("features alone are for --pretrained only", async () => {
  const { configuration, weights } = await readClassifier(form("torchvision"));
  const shapes = new Map(new Densenet(configuration).set.all.map(({ key, shape }) => [key, shape]));
  const features = await pretrainedWeights(form("features"), shapes, () => {});
  assertEquals(features, new Map([...weights].filter(([key]) => key.startsWith("model.features."))));
  const error = await assertRejects(() => readClassifier(form("features")), DataError);
  assertStringIncludes(error.message, "it has no classifier.weight: these are features without a classifier");
});

Deno.test("weights of float16 are read as their float32 values", async () => {
  const [half, plain] = [await readClassifier(form("half")), await readClassifier(form("torchvision"))];
  for (const [key, values] of plain.weights) {
    assertEquals(half.weights.get(key), Float32Array.from(Float16Array.from(values)), key);
  }
});

for (const golden of (await readDensenetGoldens()).filter(({ files }) => files.length > 0)) {
  for (const { name } of golden.files) {
    Deno.test(`the probabilities are PyTorch's in evaluation mode: ${name}`, async () => {
      const trained = await readClassifier(goldenPath(name).pathname);
      assertEquals(trained.configuration, golden.configuration);
      // The goldens' init_conv has values that PyTorch's initialisation does not give.
      assertEquals(trained.input, golden.configuration.latent_channels > 0 ? "latent" : "orig");
      const { inputs, side } = await densenetBatch(golden, 0);
      const error = largestError(
        await predict(trained, inputs, golden.batch, side),
        golden.evaluation.values,
      );
      assert(error < 1e-5, `${error}`);
    });
  }
}

Deno.test("what a classifier was trained on can be given, and is otherwise assumed", async () => {
  const path = form("original");
  const orig = await readClassifier(path);
  assertEquals([orig.input, inputChannels(orig.configuration), orig.weights.has("init_conv.weight")], [
    "orig",
    3,
    false,
  ]);
  assertEquals([orig.asLatent!.input, inputChannels(orig.asLatent!.configuration)], ["latent", 2]);
  const latent = await readClassifier(path, "latent");
  assertEquals([latent.input, latent.weights.get("init_conv.weight")!.length, latent.notes], [
    "latent",
    6,
    [],
  ]);
  const recon = await readClassifier(path, "recon");
  assertEquals([recon.input, recon.weights, recon.notes], ["recon", orig.weights, [`${path}: ${leftOut}`]]);
  const error = await assertRejects(() => readClassifier(form("published"), "latent"), DataError);
  assertEquals(
    error.message,
    `${form("published")}: it has no init_conv, which a classifier of latents needs`,
  );
});

/** The state dict of a form, changed. */
async function refusal(change: (tensors: Map<string, HostTensor>) => void): Promise<string> {
  const { tensors } = await readWeights(form("torchvision"));
  change(tensors);
  return assertThrows(() => classifierOf({ tensors, metadata: {} }, "x.pt"), DataError).message;
}

Deno.test("the message about another model names keys that are expected and found, and the nearest prefix", async () => {
  assertEquals(
    await refusal((tensors) => {
      tensors.clear();
      tensors.set("fc.weight", { shape: [1], data: Float32Array.of(1) });
    }),
    "x.pt: weights of another model: expected keys such as features.conv0.weight, features.norm0.weight; found 1 tensors: fc.weight",
  );
  const one: HostTensor = { shape: [1], data: Float32Array.of(1) };
  assertEquals(
    await refusal((tensors) => tensors.set("extra.weight", one)),
    "x.pt: weights of another model: 1 of 128 tensors are unexpected, such as extra.weight; 104 of its keys fit without a prefix",
  );
  assertStringIncludes(
    await refusal((tensors) => tensors.delete("features.norm0.bias")),
    "1 of 106 tensors are missing, such as model.features.norm0.bias; 103 of its keys fit without a prefix",
  );
  assertStringIncludes(
    await refusal((tensors) => {
      const all = [...tensors];
      tensors.clear();
      for (const [key, tensor] of all) if (!key.endsWith("conv0.weight")) tensors.set(`a.b.${key}`, tensor);
    }),
    "it has no model.features.conv0.weight; 103 of its keys fit with the nearest prefix, a.b.",
  );
  assertStringIncludes(
    await refusal((tensors) => {
      tensors.set("features.conv0.weight", { shape: [8, 1, 7, 7], data: new Float32Array(8 * 49) });
    }),
    "model.features.conv0.weight has shape [8,1,7,7], expected [8,3,7,7]",
  );
  assertStringIncludes(await refusal((tensors) => tensors.set("classifier.3.weight", one)), "classifier");
});

Deno.test("an unreadable tensor is named only if the model needs it", async () => {
  const { tensors } = await readWeights(form("torchvision"));
  const unreadable = new Map([["phase", "a tensor of ComplexFloatStorage"]]);
  const states = [{ place: "net", tensors, unreadable }];
  assertEquals(classifierOf({ tensors, metadata: {}, states }, "x.pt").classNames.length, 3);
  tensors.delete("features.norm0.bias");
  unreadable.set("features.norm0.bias", "posix.system");
  const error = assertThrows(() => classifierOf({ tensors, metadata: {}, states }, "x.pt"), DataError);
  assertStringIncludes(
    error.message,
    "in net; features.norm0.bias is posix.system, which cannot be read as a tensor",
  );
});

Deno.test("inferDensenetConfiguration: refuses an architecture that has no kernels", () => {
  const tensor = (...shape: number[]) => ({ shape });
  const shapes = new Map([
    ["model.features.conv0.weight", tensor(12, 3, 7, 7)],
    ["model.features.denseblock1.denselayer1.conv1.weight", tensor(16, 12, 1, 1)],
    ["model.features.denseblock1.denselayer1.conv2.weight", tensor(4, 16, 3, 3)],
    ["model.classifier.0.weight", tensor(2, 16)],
  ]);
  assertThrows(() => inferDensenetConfiguration(shapes), DataError, "a DenseNet with 12 initial features");
});
