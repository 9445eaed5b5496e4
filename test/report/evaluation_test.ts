/** Classifier measures as tables, JSON and ROC panels. */

import { assertEquals } from "@std/assert";
import type { ClassifierMeasures, ClassMeasures } from "../../src/metrics/classification.ts";
import {
  comparisonTable,
  differencesJson,
  differencesTable,
  measuresJson,
  measuresTable,
  rocPanels,
} from "../../src/report/evaluation.ts";

const curve = { falsePositiveRate: [0, 1], truePositiveRate: [0, 1] };

const edema: ClassMeasures = {
  name: "Edema",
  auroc: 0.83734,
  interval: { low: 0.8, high: 0.87126 },
  averagePrecision: 0.41,
  curve,
  positives: 125,
  negatives: 775,
  unlabelled: 100,
  prevalence: 125 / 900,
};
const fracture: ClassMeasures = {
  name: "Fracture",
  auroc: null,
  interval: null,
  averagePrecision: null,
  curve: null,
  positives: 0,
  negatives: 1000,
  unlabelled: 0,
  prevalence: 0,
};
const measures: ClassifierMeasures = {
  images: 1000,
  classes: [edema, fracture],
  mean: { auroc: 0.83734, interval: { low: 0.8, high: 0.87126 }, averagePrecision: 0.41, classes: 1 },
  rounds: [],
};
const original = { name: "original", measures };
const latent = { name: "latent", measures: { ...measures, mean: { ...measures.mean, interval: null } } };

/** The cells of a table, by line. */
const lines = (table: string) => table.split("\n").map((line) => line.split(/ {2,}/));

Deno.test("measuresTable has a row for every class, and marks classes with one label only", () => {
  const [header, , ...rows] = lines(measuresTable(measures));
  assertEquals(header, ["class", "AUROC", "95 % interval", "average precision", "prevalence", "labelled"]);
  assertEquals(rows, [
    ["Edema", "0.8373", "0.8000–0.8713", "0.4100", "13.9 %", "900"],
    ["Fracture", "–", "one label only", "–", "0.0 %", "1000"],
    ["mean of 1 class", "0.8373", "0.8000–0.8713", "0.4100", "–", "1000"],
  ]);
});

Deno.test("comparisonTable has a column for each classifier, with intervals if known", () => {
  const [header, , ...rows] = lines(comparisonTable([original, latent]));
  assertEquals(header, ["AUROC", "original", "latent"]);
  assertEquals(rows, [
    ["Edema", "0.8373 (0.8000–0.8713)", "0.8373 (0.8000–0.8713)"],
    ["Fracture", "one label only", "one label only"],
    ["mean of 1 class", "0.8373 (0.8000–0.8713)", "0.8373"],
  ]);
});

const differences = {
  classes: [{ auroc: -0.0123, interval: { low: -0.05, high: 0.00001 } }, null],
  mean: { auroc: 0.2, interval: null },
};

Deno.test("differencesTable shows signs, except for zero", () => {
  const [header, , ...rows] = lines(differencesTable(original, [{ name: "latent", differences }]));
  assertEquals(header, ["AUROC", "latent − original"]);
  assertEquals(rows, [
    ["Edema", "−0.0123 (−0.0500 to 0.0000)"],
    ["Fracture", "–"],
    ["mean of 1 class", "+0.2000"],
  ]);
});

Deno.test("measuresJson and differencesJson have unrounded figures, and null for missing ones", () => {
  const json = JSON.parse(JSON.stringify(measuresJson(measures)));
  assertEquals([json.images, json.auroc_mean, json.auroc_mean_interval], [1000, 0.83734, [0.8, 0.87126]]);
  assertEquals([json.average_precision_mean, json.classes_in_mean], [0.41, 1]);
  assertEquals(json.classes[0], {
    name: "Edema",
    auroc: 0.83734,
    auroc_interval: [0.8, 0.87126],
    average_precision: 0.41,
    prevalence: 125 / 900,
    positives: 125,
    negatives: 775,
    unlabelled: 100,
  });
  assertEquals([json.classes[1].auroc, json.classes[1].auroc_interval], [null, null]);
  assertEquals(differencesJson(differences, ["Edema", "Fracture"]), {
    mean: { auroc: 0.2, interval: null },
    classes: [
      { name: "Edema", auroc: -0.0123, interval: [-0.05, 0.00001] },
      { name: "Fracture", auroc: null, interval: null },
    ],
  });
});

Deno.test("rocPanels: one panel for a single classifier, one for each class of several", () => {
  assertEquals(rocPanels([original]), [{
    title: "original",
    lines: [{ name: "Edema", auroc: 0.83734, curve }, { name: "Fracture", auroc: null, curve: null }],
  }]);
  assertEquals(
    rocPanels([original, latent]).map(({ title, lines }) => [title, ...lines.map(({ name }) => name)]),
    [
      ["Edema", "original", "latent"],
      ["Fracture", "original", "latent"],
    ],
  );
});
