/** A classifier's labels, latents and first weights, and the options that are refused. */

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { ImageFileWriter } from "../../src/data/write.ts";
import { DataError, UsageError } from "../../src/errors.ts";
import { Gpu } from "../../src/gpu/device.ts";
import type { HostTensor } from "../../src/io/host_tensor.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors_file.ts";
import { Codec } from "../../src/trained/codec.ts";
import { countLabels, labelWeights, positiveWeights } from "../../src/train/densenet/labels.ts";
import type { TrainDensenetOptions } from "../../src/train/densenet/options.ts";
import { trainDensenet } from "../../src/train/densenet/train.ts";
import { goldenPath } from "../golden/read.ts";
import { classes, classifierOptions, clothes, writeClothes } from "./labelled_images.ts";
import { saveClassifier, smallDensenet, smallWeights } from "../trained/small_classifier.ts";
import { checkpointBytes, context, metricsOf, timeless } from "./run_context.ts";
import { readCodec } from "../../src/trained/codec_file.ts";

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const data = at("any_train_32_orig.hdf5");
await writeClothes(data, [0, 10]);
await writeClothes(at("any_valid_32_orig.hdf5"), [100, 6]);

function train(name: string, changes: Partial<TrainDensenetOptions> = {}, notes: string[] = []) {
  const options = classifierOptions(data, at(name), { n_epochs: 1, ...changes });
  return trainDensenet(options, context(() => {}, notes));
}

Deno.test("labels become weights of a mean over the known labels", () => {
  const { positive, negative, known } = labelWeights(Float32Array.of(1, 0, NaN, NaN, 1, 0), [2, 1, 3]);
  assertEquals([...positive], [0.5, 0, 0, 0, 0.25, 0]);
  assertEquals([...negative], [0, 0.25, 0, 0, 0, 0.25]);
  assertEquals(known, 4);
  const none = labelWeights(new Float32Array(3).fill(NaN), [1, 1, 1]);
  assertEquals([[...none.positive], [...none.negative], none.known], [[0, 0, 0], [0, 0, 0], 0]);
});

Deno.test("--pos_weight: one number, one per class, or negatives divided by positives", () => {
  const counts = [{ positives: 2, negatives: 6 }, { positives: 0, negatives: 5 }, {
    positives: 4,
    negatives: 1,
  }];
  assertEquals(positiveWeights("auto", counts), [3, 1, 0.25]);
  assertEquals(positiveWeights("2.5", counts), [2.5, 2.5, 2.5]);
  assertEquals(positiveWeights("1, 2,3", counts), [1, 2, 3]);
  for (const wrong of ["1,2", "0", "-1", "many", "", "1,,2", "1,2,Infinity"]) {
    assertThrows(
      () => positiveWeights(wrong, counts),
      UsageError,
      `--pos_weight ${wrong}: expected auto, a number above 0, or 3 of them`,
    );
  }
});

Deno.test("--pos_weight auto counts known labels; a class with only one kind of label is reported, without AUROC", async () => {
  const path = at("lopsided.hdf5");
  const change = (label: number, index: number) =>
    index % 3 === 2 ? 0 : index % 3 === 1 && index < 9 ? NaN : label;
  await writeClothes(path, [0, 10], change);
  const { labels } = await clothes(0, 10);
  const changed = labels.map(change);
  const of = (kind: number, wanted: number) =>
    changed.filter((label, index) => index % 3 === kind && label === wanted).length;
  assertEquals(
    await countLabels(path),
    [0, 1, 2].map((kind) => ({ positives: of(kind, 1), negatives: of(kind, 0) })),
  );
  const notes: string[] = [];
  await train("lopsided", { data_path: path, pos_weight: "auto" }, notes);
  const args = JSON.parse(await Deno.readTextFile(at("lopsided/args.json")));
  assertEquals(args.pos_weights, [of(0, 0) / of(0, 1), of(1, 0) / of(1, 1), 1]);
  assertEquals(notes.filter((note) => note.startsWith(path) && note.endsWith(": neither")).length, 1);
  const line = (await metricsOf(at("lopsided"))).at(-1)!;
  assertEquals(line.auroc.neither, null);
  assertAlmostEquals(line.auroc_mean, (line.auroc.top + line.auroc.shoe) / 2, 1e-12);
});

Deno.test("a batch without a known label has no loss and no gradient", async () => {
  const path = at("unknown.hdf5");
  await writeClothes(path, [0, 10], (label, index) => index < 15 ? NaN : label);
  await train("unknown", { data_path: path, shuffle: false, max_steps: 1 });
  const { tensors } = await readSafetensors(
    at("unknown/checkpoint/densenet_000_step_1.optimizer.safetensors"),
  );
  const gradients = [...tensors].filter(([key]) => key.endsWith("classifier.0.weight.exp_avg"));
  assert((gradients[0]![1].data as Float32Array).every((value) => Math.abs(value) < 1e-6));
  await train("unknown", { data_path: path, shuffle: false, resume: true });
  const [first, second] = await metricsOf(at("unknown"));
  assertEquals(first.loss, 0);
  assert(second.loss > 0.1 && Number.isFinite(second.loss));
});

Deno.test("training on latents of a file and on latents made on the fly gives the same bytes", async () => {
  const vqvae_file = goldenPath("strides_2_2.pt").pathname;
  const gpu = await Gpu.open();
  const codec = new Codec(gpu, await readCodec(vqvae_file));
  for (const [split, first, count] of [["train", 0, 10], ["valid", 100, 6]] as const) {
    const { images, labels } = await clothes(first, count);
    const latents = await codec.latent(images, { count, height: 32, width: 32 });
    const writer = await ImageFileWriter.create(at(`any_${split}_32_latent.hdf5`), {
      shape: codec.latentShape({ height: 32, width: 32 }),
      labelCount: 3,
      attributes: { class_names: classes },
    });
    writer.append(latents, labels);
    await writer.finish();
  }
  const [channels] = codec.latentShape({ height: 32, width: 32 });
  codec.close();
  gpu.close();
  // In a fourth block nothing would be left of latents of 16 by 16.
  const shallow = { ...classifierOptions("", "").architecture, block_layers: [2, 2, 2] };
  const both = {
    data_path: folder,
    valid_path: folder,
    size: 32,
    recon: "latent",
    architecture: shallow,
  } as const;
  await train("latent_file", both);
  await train("latent_codec", { ...both, vqvae_file });
  const bytes = await checkpointBytes(at("latent_codec"), "densenet_001");
  assertEquals(await checkpointBytes(at("latent_file"), "densenet_001"), bytes);
  assertEquals(timeless(await metricsOf(at("latent_file"))), timeless(await metricsOf(at("latent_codec"))));
  const { metadata, tensors } = await readSafetensors(at("latent_codec/checkpoint/densenet_001.safetensors"));
  assertEquals([metadata.input, tensors.get("init_conv.weight")!.shape], ["latent", [channels, 3, 1, 1]]);
  await train("recon", { vqvae_file, recon: "recon" });
  const { metadata: other } = await readSafetensors(at("recon/checkpoint/densenet_001.safetensors"));
  assertEquals([other.input, JSON.parse(other.configuration!).latent_channels], ["recon", 0]);
});

/** The loss of a run's first step. */
async function firstLoss(name: string, changes: Partial<TrainDensenetOptions>): Promise<number> {
  await train(name, { shuffle: false, max_steps: 1, ...changes });
  return (await metricsOf(at(name)))[0].loss;
}

Deno.test("--init takes a whole classifier, with vqray's keys or the original's", async () => {
  await saveClassifier(at("ours.safetensors"), smallDensenet, { input: "orig" });
  const weights = smallWeights(smallDensenet) as Map<string, HostTensor>;
  const counter: HostTensor = { shape: [], data: BigInt64Array.of(7n) };
  const others = new Map([...weights].map(([key, tensor]) => [key.replace("model.", "module."), tensor]));
  others.set("module.features.norm0.num_batches_tracked", counter);
  await writeSafetensors(at("others.safetensors"), others, {});
  const loss = await firstLoss("init_ours", { init: at("ours.safetensors") });
  assertEquals(await firstLoss("init_others", { init: at("others.safetensors") }), loss);
  assert(loss !== await firstLoss("init_none", {}));
});

Deno.test("--pretrained takes torchvision's features in both spellings, without its classifier", async () => {
  const weights = [...smallWeights(smallDensenet)] as [string, HostTensor][];
  const features = weights.filter(([key]) => !key.includes("classifier"))
    .map(([key, tensor]): [string, HostTensor] => [key.replace("model.", ""), tensor]);
  const head: [string, HostTensor] = ["classifier.weight", {
    shape: [1000, 1],
    data: new Float32Array(1000),
  }];
  const counter: HostTensor = { shape: [], data: BigInt64Array.of(7n) };
  await writeSafetensors(at("new.safetensors"), new Map([...features, head]), {});
  const old = features.map(([key, tensor]) =>
    [key.replace(/(denselayer\d+\.(?:norm|conv))([12])/, "$1.$2"), tensor] as const
  );
  await writeSafetensors(
    at("old.safetensors"),
    new Map([...old, head, ["features.denseblock1.denselayer1.norm.1.num_batches_tracked", counter]]),
    {},
  );
  const loss = await firstLoss("pretrained_new", { pretrained: at("new.safetensors") });
  assertEquals(await firstLoss("pretrained_old", { pretrained: at("old.safetensors") }), loss);
  // Running statistics come from the file, the classifier from the seed.
  const { tensors } = await readSafetensors(at("pretrained_new/checkpoint/densenet_000_step_1.safetensors"));
  const { tensors: fresh } = await readSafetensors(
    at("init_none/checkpoint/densenet_000_step_1.safetensors"),
  );
  const distance = (key: string) => {
    const [a, b] = [tensors, fresh].map((each) => each.get(key)!.data as Float32Array);
    return Math.max(...a!.map((value, index) => Math.abs(value - b![index]!)));
  };
  assert(distance("model.classifier.0.weight") < 3e-3);
  assert(distance("model.features.norm0.running_mean") > 0.05);
});

await writeClothes(at("minus.hdf5"), [0, 10], (label, index) => index === 7 ? -1 : label);
await writeClothes(at("nothing.hdf5"), [0, 10], () => NaN);
await writeClothes(at("renamed.hdf5"), [0, 6], undefined, { class_names: ["top", "boot", "neither"] });
const small = await ImageFileWriter.create(at("small.hdf5"), { shape: [3, 16, 16], labelCount: 3 });
small.append(new Float32Array(10 * 768), new Float32Array(30));
await small.finish();

const refusals: [string, Partial<TrainDensenetOptions>, RegExp][] = [
  [
    "labels other than 0, 1 and NaN",
    { data_path: at("minus.hdf5") },
    /minus.hdf5: image 2 .* has -1 as label 1, expected 0, 1, or NaN/,
  ],
  ["a file without a known label", { data_path: at("nothing.hdf5") }, /nothing.hdf5: all labels are NaN/],
  [
    "other classes in validation",
    { valid_path: at("renamed.hdf5") },
    /renamed.hdf5: class 2 is "boot", expected "shoe"/,
  ],
  [
    "another number of classes",
    { n_classes: 14 },
    /orig.hdf5: holds 3 labels an image, expected --n_classes 14/,
  ],
  [
    "images too small",
    { data_path: at("small.hdf5") },
    /small.hdf5: inputs .* are 16 by 16 .* at least 29 by 29/,
  ],
  ["one value per channel", { batch_size: 1 }, /--batch_size 1: .* sees one value per channel/],
  [
    "two files of first weights",
    { init: "a.pt", pretrained: "b.pth" },
    /--pretrained b.pth: expected without --init/,
  ],
  ["Adam's decay of one", { b1: 1 }, /--b1 1: expected at least 0 and less than 1/],
  ["weights for other classes", { pos_weight: "1,2" }, /--pos_weight 1,2: expected auto/],
  [
    "a codec as a classifier",
    { init: goldenPath("strides_2_2.pt").pathname },
    /strides_2_2.pt: weights of another model/,
  ],
  [
    "a codec as pretrained",
    { pretrained: goldenPath("strides_2_2.pt").pathname },
    /strides_2_2.pt: weights of another model/,
  ],
  [
    "a classifier as a codec",
    { recon: "recon", vqvae_file: at("ours.safetensors") },
    /ours.safetensors: holds weights of a densenet, expected a vqvae/,
  ],
  [
    "images as latents",
    { data_path: folder, size: 64, recon: "latent" },
    /expected any_train_64_latent.hdf5/,
  ],
  ["a folder that holds a run", { save_path: at("recon") }, /recon: holds a run already/],
  [
    "--resume on other inputs",
    { save_path: at("recon"), resume: true },
    /with --input recon, and this run has orig/,
  ],
];

for (const [what, changes, message] of refusals) {
  Deno.test(`refuses ${what}, and leaves nothing`, async () => {
    const names = async () => (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
    const before = await names();
    const error = await assertRejects(() => train("refused", changes));
    assert(error instanceof DataError || error instanceof UsageError, `${error}`);
    assert(message.test(error.message), error.message);
    assert(!error.message.includes("\n"));
    assertEquals(await names(), before);
  });
}
