/** Runs of classifier training on real images, from the data file to the files that a run leaves. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "node:path";
import { Gpu } from "../../src/gpu/device.ts";
import { readSafetensors } from "../../src/io/safetensors_file.ts";
import { auroc } from "../../src/metrics/auroc.ts";
import { Classifier } from "../../src/trained/classifier.ts";
import type { TrainDensenetOptions } from "../../src/train/densenet/options.ts";
import { trainDensenet } from "../../src/train/densenet/train.ts";
import { classes, classifierOptions, clothes, writeClothes } from "./labelled_images.ts";
import { checkpointBytes, context, type Line, metricsOf, timeless } from "./run_context.ts";
import { readClassifier } from "../../src/trained/classifier_file.ts";

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const data = at("train.hdf5");
const valid = at("valid.hdf5");
const inverted = at("inverted.hdf5");
await writeClothes(data, [0, 18]);
await writeClothes(valid, [100, 12]);
// The more a classifier learns from the training images, the worse it is on these.
await writeClothes(inverted, [0, 12], (label) => 1 - label);

function train(
  name: string,
  changes: Partial<TrainDensenetOptions> = {},
  within = context(),
) {
  return trainDensenet(classifierOptions(data, at(name), changes), within);
}

const epochLines = (lines: Line[], phase: string) =>
  lines.filter((each) => each.epoch_end && each.phase === phase);

Deno.test("a run leaves its arguments, metrics, weights and curves, and reports each class's AUROC", async () => {
  const notes: string[] = [];
  const outcome = await train("files", { valid_path: valid }, context(() => {}, notes));
  assertEquals([outcome.steps, outcome.epochs, outcome.exitCode], [6, 2, undefined]);
  const args = JSON.parse(await Deno.readTextFile(at("files/args.json")));
  assertEquals([args.seed, args.n_classes, args.pos_weights, args.train_file], [816, 3, [1, 1, 1], data]);
  const lines = await metricsOf(at("files"));
  assertEquals(
    lines.map(({ phase, epoch, step, epoch_end }) => [phase, epoch, step, epoch_end === true]),
    [1, 2].flatMap((epoch) => [
      ...[1, 2, 3].map((step) => ["train", epoch, 3 * (epoch - 1) + step, false]),
      ["train", epoch, 3 * epoch, true],
      ["valid", epoch, 3 * epoch, true],
    ]),
  );
  assertAlmostEquals(lines[3].loss, (lines[0].loss + lines[1].loss + lines[2].loss) / 3, 1e-12);
  assert(lines.every(({ loss, lr }) => loss > 0 && lr === 1e-3));
  for (const line of lines.filter((each) => each.epoch_end)) {
    assertEquals(Object.keys(line.auroc), classes);
    const values: number[] = Object.values(line.auroc);
    assert(values.every((value) => value >= 0 && value <= 1));
    assertAlmostEquals(line.auroc_mean, values.reduce((sum, value) => sum + value, 0) / 3, 1e-12);
  }
  const table = notes.find((note) => /^AUROC +train +valid$/m.test(note))!;
  for (const word of [...classes, "mean"]) assert(table.includes(`\n${word} `), table);
  const { metadata } = await readSafetensors(at("files/checkpoint/densenet_002.safetensors"));
  assertEquals([metadata.kind, metadata.input, metadata.class_names], [
    "densenet",
    "orig",
    JSON.stringify(classes),
  ]);
  await readSafetensors(at("files/checkpoint/best_densenet.safetensors"));
  const curves = await Deno.readFile(at("files/loss_and_auroc.png"));
  // A PNG's width follows its signature and the first chunk's length and name.
  assert(new DataView(curves.buffer).getUint32(16) > 800);
});

/** The mean binary cross-entropy over the known labels. */
function crossEntropy(probabilities: Float32Array, labels: Float32Array): number {
  const losses = [...labels].map((label, index) => {
    const p = probabilities[index]!;
    return Number.isNaN(label) ? 0 : -(label * Math.log(p) + (1 - label) * Math.log(1 - p));
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / labels.filter((label) => !Number.isNaN(label)).length;
}

Deno.test("validation figures are those of the checkpoint's classifier, without unknown labels", async () => {
  const unknown = (label: number, index: number) => index % 7 < 2 || index < 18 ? NaN : label;
  await writeClothes(at("holes.hdf5"), [100, 12], unknown);
  await train("validated", { valid_path: at("holes.hdf5"), n_epochs: 1 });
  const [line] = epochLines(await metricsOf(at("validated")), "valid");
  const { images, labels } = await clothes(100, 12);
  const known = labels.map(unknown);
  const gpu = await Gpu.open();
  const path = at("validated/checkpoint/densenet_001.safetensors");
  const classifier = new Classifier(gpu, await readClassifier(path));
  const probabilities = await classifier.predict(images, { count: 12, height: 32, width: 32 });
  classifier.close();
  gpu.close();
  assertAlmostEquals(line.loss, crossEntropy(probabilities, known), 1e-5 * line.loss);
  const column = (values: Float32Array, label: number) => values.filter((_, index) => index % 3 === label);
  const expected = classes.map((
    name,
    label,
  ) => [name, auroc(column(probabilities, label), column(known, label))]);
  assertEquals(line.auroc, Object.fromEntries(expected));
});

Deno.test("the same seed gives the same bytes, with and without validation; another seed gives others", async () => {
  await train("first");
  await train("second", { valid_path: valid, log_every: 1 });
  await train("third", { seed: 817 });
  const [first, second, third] = await Promise.all(
    ["first", "second", "third"].map((name) => checkpointBytes(at(name), "densenet_002")),
  );
  assertEquals(first![0], second![0]);
  assert(first![0]!.some((value, index) => value !== third![0]![index]));
  const [lines, others] = await Promise.all(["first", "second"].map((name) => metricsOf(at(name))));
  const training = (all: Line[]) => timeless(all).filter(({ phase }) => phase === "train");
  assertEquals(training(lines!), training(others!));
});

Deno.test("a resumed run leaves the same bytes as an uninterrupted one", async () => {
  await train("whole", { valid_path: valid, n_epochs: 2 });
  await train("halves", { valid_path: valid, n_epochs: 1 });
  await train("halves", { valid_path: valid, n_epochs: 2, resume: true });
  assertEquals(
    await checkpointBytes(at("halves"), "densenet_002"),
    await checkpointBytes(at("whole"), "densenet_002"),
  );
  assertEquals(timeless(await metricsOf(at("halves"))), timeless(await metricsOf(at("whole"))));
});

Deno.test("a run that is stopped in the middle of an epoch continues with the next step and the scores so far", async () => {
  const stopping = context((done, stop) => {
    if (done >= 5) stop.exitCode = 130;
  });
  const outcome = await train("stopped", { log_every: 1 }, stopping);
  assertEquals([outcome.exitCode, outcome.epochs, outcome.steps], [130, 0, 2]);
  await checkpointBytes(at("stopped"), "densenet_000_step_2");
  await train("stopped", { resume: true });
  await train("straight");
  assertEquals(
    await checkpointBytes(at("stopped"), "densenet_002"),
    await checkpointBytes(at("straight"), "densenet_002"),
  );
  // The training images before the stop count in the epoch's AUROC.
  assertEquals(timeless(await metricsOf(at("stopped"))), timeless(await metricsOf(at("straight"))));
});

const falling = { valid_path: inverted, shuffle: false } as const;

Deno.test("when the validation loss rises, the learning rate drops and Adam restarts", async () => {
  const notes: string[] = [];
  await train("falling", { ...falling, n_epochs: 3 }, context(() => {}, notes));
  const lines = epochLines(await metricsOf(at("falling")), "valid");
  let [best, drops] = [Infinity, 0];
  for (const { loss, lr } of lines) {
    assertEquals(lr, 1e-3 / 10 ** drops);
    if (loss > best) drops++;
    best = Math.min(best, loss);
  }
  assert(drops > 0, `the validation loss never rose: ${lines.map(({ loss }) => loss)}`);
  assertEquals(notes.filter((note) => note.includes("the validation loss is above the best")).length, drops);
  const { metadata } = await readSafetensors(
    at("falling/checkpoint/densenet_003.optimizer.safetensors"),
  );
  assertEquals(JSON.parse(metadata.run!).rule.lr_drops, drops);
});

Deno.test("the first step after a drop of the learning rate is a first step of Adam at the lower rate", async () => {
  await train("after", { ...falling, n_epochs: 2, checkpoint_every: 1 });
  const before = await readSafetensors(at("after/checkpoint/densenet_002.safetensors"));
  const state = await readSafetensors(at("after/checkpoint/densenet_002.optimizer.safetensors"));
  const { rule } = JSON.parse(state.metadata.run!);
  assertEquals(rule.moments_since, 6, "the second epoch was no worse than the first");
  const moments = [...state.tensors].filter(([key]) => key.includes(".exp_avg"));
  assert(moments.every(([, { data }]) => (data as Float32Array).every((value) => value === 0)));
  await train("after", { ...falling, n_epochs: 3, max_steps: 7, resume: true });
  const after = await readSafetensors(at("after/checkpoint/densenet_002_step_7.safetensors"));
  const lr = 1e-3 / 10 ** rule.lr_drops;
  const key = "model.classifier.0.weight";
  const [old, moved] = [before, after].map(({ tensors }) => tensors.get(key)!.data as Float32Array);
  // Bias correction makes every change of the first step as large as the rate, wherever there is a gradient.
  const steps = old!.map((value, index) => Math.abs(moved![index]! - value)).sort();
  assertAlmostEquals(steps.at(-1)!, lr, 0.01 * lr);
  assertAlmostEquals(steps[steps.length >> 1]!, lr, 0.01 * lr);
});

Deno.test("a run that is resumed after a drop of the learning rate leaves the same bytes as an uninterrupted one", async () => {
  await train("across", { ...falling, n_epochs: 2 });
  await train("across", { ...falling, n_epochs: 4, max_steps: 8, resume: true });
  await train("across", { ...falling, n_epochs: 4, resume: true });
  await train("through", { ...falling, n_epochs: 4 });
  assertEquals(
    await checkpointBytes(at("across"), "densenet_004"),
    await checkpointBytes(at("through"), "densenet_004"),
  );
  assertEquals(timeless(await metricsOf(at("across"))), timeless(await metricsOf(at("through"))));
});

Deno.test("without validation data the learning rate stays, and the training loss decides which checkpoint is best", async () => {
  const notes: string[] = [];
  await train("alone", { n_epochs: 3, lr: 0.05 }, context(() => {}, notes));
  assert(notes.some((note) => note.startsWith("without validation data the learning rate stays")));
  const lines = epochLines(await metricsOf(at("alone")), "train");
  assert(lines.every(({ lr }) => lr === 0.05));
  const best = lines.reduce((least, line) => line.loss < least.loss ? line : least);
  const { metadata } = await readSafetensors(at("alone/checkpoint/best_densenet.safetensors"));
  assertEquals(JSON.parse(metadata.position!).steps, best.step);
});
