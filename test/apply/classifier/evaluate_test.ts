/** Evaluations of small classifiers: from checkpoints and data files to measures. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Gpu } from "../../../src/gpu/device.ts";
import { decodePng } from "../../../src/io/png.ts";
import { auroc, averagePrecision } from "../../../src/metrics/auroc.ts";
import { bootstrapAuroc } from "../../../src/metrics/bootstrap.ts";
import { Classifier } from "../../../src/trained/classifier.ts";
import { evaluateClassifiers } from "../../../src/apply/classifier/evaluate.ts";
import {
  describeEvaluation,
  evaluationJson,
  saveEvaluation,
} from "../../../src/apply/classifier/evaluation_files.ts";
import {
  classes,
  context,
  count,
  files,
  images,
  inFolder,
  labels,
  names,
  options,
  side,
} from "./evaluation_fixture.ts";
import { saveClassifier, smallDensenet } from "../../trained/small_classifier.ts";
import { readClassifier } from "../../../src/trained/classifier_file.ts";

Deno.test("the measures are those of the classifier's probabilities in the file's order", async () => {
  const outcome = await evaluateClassifiers(options([files.orig]), context);
  const [{ measures, name, data }] = outcome.evaluations as [typeof outcome.evaluations[0]];
  assertEquals([name, data, measures.images], ["original", inFolder("toy_valid_64_orig.hdf5"), count]);
  assertEquals(measures.classes.map((each) => each.name), names);
  const gpu = await Gpu.open();
  const classifier = new Classifier(gpu, await readClassifier(files.orig));
  const probabilities = await classifier.predict(images, { count, height: side, width: side });
  classifier.close();
  gpu.close();
  for (const [index, each] of measures.classes.entries()) {
    const column = (values: Float32Array) => values.filter((_, at) => at % classes === index);
    const [scores, truth] = [column(probabilities), column(labels)];
    assertEquals(each.auroc, auroc(scores, truth));
    assertEquals(each.averagePrecision, averagePrecision(scores, truth));
    assertEquals(each.interval, bootstrapAuroc(scores, truth, { seed: 816, rounds: 100 }));
  }
  const [edema, pneumonia, fracture] = measures.classes;
  assert(edema!.auroc! > 0 && edema!.auroc! < 1);
  assertEquals([pneumonia!.unlabelled, fracture!.auroc, measures.mean.classes], [5, null, 2]);
  assertEquals(await evaluateClassifiers(options([files.orig]), context), outcome);
});

Deno.test("the table marks classes with one kind of label, and the files hold the same measures", async () => {
  const wanted = options([files.orig]);
  const outcome = await evaluateClassifiers(wanted, context);
  const text = describeEvaluation(outcome);
  assertStringIncludes(text, `${files.orig}: 22 images (original) of ${inFolder("toy_valid_64_orig.hdf5")}`);
  const row = text.split("\n").find((line) => line.startsWith("Fracture"))!.split(/ {2,}/);
  assertEquals(row, ["Fracture", "–", "one label only", "–", "0.0 %", "22"]);
  assertStringIncludes(text, "mean of 2 classes");
  assertStringIncludes(text, "1 of 3 classes have labels of one kind only and are excluded from the means.");

  const json = evaluationJson(outcome, wanted, { vqray: "test" });
  await saveEvaluation(inFolder("run/evaluation"), outcome, json);
  const saved = JSON.parse(await Deno.readTextFile(inFolder("run/evaluation/evaluation.json")));
  const { measures } = outcome.evaluations[0]!;
  const [edema, , fracture] = measures.classes;
  assertEquals([saved.kind, saved.input, saved.images], ["classifier", "orig", count]);
  assertEquals([saved.auroc_mean, saved.classes[0].auroc], [measures.mean.auroc, edema!.auroc]);
  assertEquals(saved.classes[0].auroc_interval, [edema!.interval!.low, edema!.interval!.high]);
  assertEquals(saved.classes[2], {
    name: "Fracture",
    auroc: null,
    auroc_interval: null,
    average_precision: null,
    prevalence: 0,
    positives: 0,
    negatives: fracture!.negatives,
    unlabelled: 0,
  });
  assertEquals(saved.bootstrap, { rounds: 100, seed: 816, level: 0.95 });
  const { width, height } = decodePng(await Deno.readFile(inFolder("run/evaluation/roc.png")));
  assert(width > 1000 && height > 900, `${width}×${height}`);
});

Deno.test("three classifiers are compared, on files or on the output of a codec", async () => {
  const models = [files.latent, files.orig, files.recon];
  const fromFiles = await evaluateClassifiers(options(models), context);
  assertEquals(fromFiles.evaluations.map(({ name }) => name), ["original", "reconstructed", "latent"]);
  const made = await evaluateClassifiers(
    options(models, { data_path: inFolder("toy_valid_64_orig.hdf5"), vqvae_file: files.codec }),
    context,
  );
  assertEquals(
    made.evaluations.map(({ measures }) => measures),
    fromFiles.evaluations.map(({ measures }) => measures),
  );
  const [original, , latent] = fromFiles.evaluations;
  const { mean } = fromFiles.differences[1]!;
  assertEquals(mean!.auroc, latent!.measures.mean.auroc! - original!.measures.mean.auroc!);
  assert(mean!.interval!.low <= mean!.auroc && mean!.auroc <= mean!.interval!.high);

  const text = describeEvaluation(fromFiles);
  for (
    const words of ["AUROC", "original", "reconstructed", "latent", "latent − original", "mean of 2 classes"]
  ) {
    assertStringIncludes(text, words);
  }
  const json = evaluationJson(fromFiles, options(models), {}) as Record<string, { name: string }[]>;
  assertEquals(json.models!.map(({ name }) => name), ["original", "reconstructed", "latent"]);
  assertEquals(json.differences!.map(({ name }) => name), ["reconstructed", "latent"]);
});

Deno.test("classifiers of one kind of input are named after their files", async () => {
  const other = inFolder("second.safetensors");
  await saveClassifier(other, smallDensenet, { input: "orig", class_names: JSON.stringify(names) }, 5);
  const { evaluations } = await evaluateClassifiers(options([files.orig, other]), context);
  assertEquals(evaluations.map(({ name }) => name), ["original, orig", "original, second"]);
});

Deno.test("a classifier without class names takes those of the data file", async () => {
  const path = inFolder("nameless.safetensors");
  await saveClassifier(path, smallDensenet, { input: "orig" });
  const { evaluations } = await evaluateClassifiers(options([path]), context);
  assertEquals(evaluations[0]!.measures.classes.map(({ name }) => name), names);
});
