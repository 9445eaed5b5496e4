/** Measures of multi-label classifiers, and differences between two. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { auroc, averagePrecision, rocCurve } from "../../src/metrics/auroc.ts";
import { bootstrapAuroc } from "../../src/metrics/bootstrap.ts";
import {
  columnOf,
  differences,
  measureClassifier,
  type ScoreTable,
} from "../../src/metrics/classification.ts";
import { keyOf, randomUniform } from "../../src/random.ts";

const images = 120;
const bootstrap = { seed: 816, rounds: 200 };

/**
 * Three classes: the first and the third raise the scores of their positives by `ahead`, the second has no positives,
 * the third has unknown labels.
 */
function makeTable(ahead: number, noise: string): ScoreTable {
  const uniform = (purpose: string, index: number) => randomUniform(keyOf(purpose), index);
  const labels = Float32Array.from({ length: 3 * images }, (_, index) => {
    if (index % 3 === 1) return 0;
    if (index % 3 === 2 && uniform("unlabelled", index) < 0.25) return NaN;
    return Number(uniform("label", index) < 0.4);
  });
  const scores = labels.map((label, index) => uniform(noise, index) + ahead * (label === 1 ? 1 : 0));
  return { classNames: ["Edema", "Fracture", "Pneumonia"], scores, labels };
}

Deno.test("measureClassifier measures each class, and averages those with both labels", () => {
  const table = makeTable(0.3, "noise");
  const measures = measureClassifier(table, bootstrap);
  const [edema, fracture, pneumonia] = measures.classes;
  for (const [index, each] of [[0, edema!], [2, pneumonia!]] as const) {
    const { scores, labels } = columnOf(table, index);
    assertEquals(each.auroc, auroc(scores, labels));
    assertEquals(each.averagePrecision, averagePrecision(scores, labels));
    assertEquals(each.interval, bootstrapAuroc(scores, labels, bootstrap));
    assertEquals(each.positives, labels.filter((label) => label === 1).length);
    assertEquals(each.curve, rocCurve(scores, labels));
    assertEquals(each.prevalence, each.positives / (each.positives + each.negatives));
    assertEquals(each.positives + each.negatives + each.unlabelled, images);
  }
  assertEquals(fracture, {
    name: "Fracture",
    auroc: null,
    interval: null,
    averagePrecision: null,
    curve: null,
    positives: 0,
    negatives: images,
    unlabelled: 0,
    prevalence: 0,
  });
  assert(edema!.unlabelled === 0 && pneumonia!.unlabelled > 10);
  assertEquals(measures.images, images);
  assertEquals(measures.mean.classes, 2);
  assertAlmostEquals(measures.mean.auroc!, (edema!.auroc! + pneumonia!.auroc!) / 2, 1e-15);
  assertAlmostEquals(
    measures.mean.averagePrecision!,
    (edema!.averagePrecision! + pneumonia!.averagePrecision!) / 2,
    1e-15,
  );
  const { low, high } = measures.mean.interval!;
  assert(low < measures.mean.auroc! && measures.mean.auroc! < high);
  // The mean of two classes varies less than one of them.
  assert(high - low < edema!.interval!.high - edema!.interval!.low);
});

Deno.test("measureClassifier has no means if no class has both labels", () => {
  const { scores, labels } = columnOf(makeTable(0.3, "noise"), 1);
  const { mean } = measureClassifier(
    { classNames: ["Fracture"], scores: Float32Array.from(scores), labels },
    bootstrap,
  );
  assertEquals(mean, { auroc: null, interval: null, averagePrecision: null, classes: 0 });
});

Deno.test("a class without known labels has no prevalence", () => {
  const labels = new Float32Array(4).fill(NaN);
  const [only] =
    measureClassifier({ classNames: ["Edema"], scores: new Float32Array(4), labels }, bootstrap).classes;
  assertEquals([only!.prevalence, only!.unlabelled, only!.auroc], [null, 4, null]);
});

Deno.test("differences: zero from itself; paired rounds narrow the interval", () => {
  const table = makeTable(0.3, "noise");
  const measures = measureClassifier(table, bootstrap);
  const none = { auroc: 0, interval: { low: 0, high: 0 } };
  assertEquals(differences(measures, measures), { classes: [none, null, none], mean: none });

  // Slightly better on every positive: within either's own interval, but clear when rounds are paired.
  const scores = table.scores.map((score, index) => score + (table.labels[index] === 1 ? 0.08 : 0));
  const better = measureClassifier({ ...table, scores }, bootstrap);
  const { classes, mean } = differences(better, measures);
  const [edema] = classes;
  assertAlmostEquals(edema!.auroc, better.classes[0]!.auroc! - measures.classes[0]!.auroc!, 1e-15);
  assert(better.classes[0]!.auroc! < measures.classes[0]!.interval!.high);
  assert(edema!.interval!.low > 0 && mean!.interval!.low > 0);
  assertEquals(differences(measures, better).mean!.auroc, -mean!.auroc);
});
