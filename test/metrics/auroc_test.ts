/** AUROC, average precision and ROC curves, compared with scikit-learn. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../src/errors.ts";
import { auroc, averagePrecision, rocCurve } from "../../src/metrics/auroc.ts";
import { keyOf, randomUniform } from "../../src/random.ts";
import { goldens, makeCase } from "./cases.ts";

const tolerance = 1e-9;

Deno.test("AUROC, average precision and ROC curve equal scikit-learn's", async (t) => {
  for (const golden of goldens.cases) {
    await t.step(golden.name, () => {
      const { scores, labels } = makeCase(golden);
      const positives = labels.filter((label) => label === 1).length;
      assertEquals([positives, labels.filter((label) => label === 0).length], [
        golden.positives,
        golden.negatives,
      ]);
      assertClose(auroc(scores, labels), golden.auroc);
      assertClose(averagePrecision(scores, labels), golden.average_precision);
      const curve = rocCurve(scores, labels);
      if (golden.auroc === null) assertEquals(curve, null);
      if (!golden.roc) return;
      const [falsePositiveRate, truePositiveRate] = golden.roc;
      assertEquals(curve!.falsePositiveRate.length, falsePositiveRate.length);
      falsePositiveRate.forEach((rate, index) => assertClose(curve!.falsePositiveRate[index]!, rate));
      truePositiveRate.forEach((rate, index) => assertClose(curve!.truePositiveRate[index]!, rate));
    });
  }
});

function assertClose(actual: number | null, expected: number | null): void {
  if (actual === null || expected === null) assertEquals(actual, expected);
  else assertAlmostEquals(actual, expected, tolerance);
}

Deno.test("the goldens include ties, constant scores, unknown labels and one kind of label only", () => {
  const named = new Map(goldens.cases.map((each) => [each.name, each]));
  assertEquals(new Set(makeCase(named.get("ties")!).scores).size, 10);
  assertEquals(named.get("constant")!.auroc, 0.5);
  assertEquals(goldens.cases.filter((each) => each.auroc === null).length, 3);
  assert(makeCase(named.get("unlabelled")!).labels.some(Number.isNaN));
});

Deno.test("AUROC is the share of pairs in the right order, where a tie counts half", () => {
  for (let count = 2; count < 40; count++) {
    const uniform = (purpose: string, index: number) => randomUniform(keyOf(`${purpose} ${count}`), index);
    const scores = Array.from({ length: count }, (_, index) => Math.floor(8 * uniform("score", index)));
    // At least one positive and one negative.
    const labels = scores.map((_, index) => index < 2 ? index : Number(uniform("label", index) < 0.3));
    let [won, pairs] = [0, 0];
    for (const [positive, label] of labels.entries()) {
      if (label === 0) continue;
      for (const [negative, other] of labels.entries()) {
        if (other === 1) continue;
        pairs++;
        won += scores[positive]! > scores[negative]! ? 1 : scores[positive] === scores[negative] ? 0.5 : 0;
      }
    }
    assertAlmostEquals(auroc(scores, labels)!, won / pairs, 1e-14);
  }
});

Deno.test("two images with different labels are enough", () => {
  assertEquals(auroc([0.2, 0.7], [0, 1]), 1);
  assertEquals(auroc([0.2, 0.7], [1, 0]), 0);
  assertEquals(auroc([0.7, 0.7], [1, 0]), 0.5);
  assertEquals(averagePrecision([0.2, 0.7], [1, 0]), 0.5);
  assertEquals(rocCurve([0.2, 0.7], [0, 1]), { falsePositiveRate: [0, 0, 1], truePositiveRate: [0, 1, 1] });
});

Deno.test("the measures are null for one kind of label, one image, or none", () => {
  for (
    const [scores, labels] of [[[0.1, 0.9], [1, 1]], [[0.1, 0.9], [0, 0]], [[0.5], [1]], [[], []], [[
      0.1,
      0.9,
    ], [1, NaN]]]
  ) {
    assertEquals([auroc(scores!, labels!), averagePrecision(scores!, labels!)], [null, null]);
    assertEquals(rocCurve(scores!, labels!), null);
  }
});

Deno.test("a label of 1 is positive, NaN is left out, anything else is negative", () => {
  const scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
  assertEquals(auroc(scores, [1, -1, NaN, 0.5, 1, 0]), auroc([0.9, 0.8, 0.6, 0.5, 0.4], [1, 0, 0, 1, 0]));
});

Deno.test("infinite scores are ranked; a NaN score is refused if the label is known", () => {
  assertEquals(auroc([Infinity, Infinity, -Infinity, 0], [1, 0, 0, 1]), 0.625);
  assertEquals(auroc([NaN, 1, 0], [NaN, 1, 0]), 1);
  const error = assertThrows(() => auroc([0.1, NaN, 0.3], [1, 0, 0]), DataError);
  assertEquals(error.message, "the classifier's score of image 1 (counted from 0) is NaN, expected a number");
  assertThrows(() => auroc([0.1, 0.2], [1]), RangeError, "2 scores do not fit 1 labels");
});
