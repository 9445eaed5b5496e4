/** The cases of test/golden/metrics.json: scikit-learn's results, and the scores and labels that they belong to. */

import { keyOf, randomUniform } from "../../src/random.ts";
import { goldenPath } from "../golden/read.ts";

/** One case. */
export interface MetricCase {
  name: string;
  /** Number of images. */
  count: number;
  /** Number of distinct scores before `ahead` is added. */
  levels: number;
  /** Share of positives. */
  prevalence: number;
  /** How much higher positives score than negatives. */
  ahead: number;
  /** Share of images whose label is unknown. */
  unlabelled: number;
  positives: number;
  negatives: number;
  auroc: number | null;
  average_precision: number | null;
  /** Left out for large cases. `rounds` is the number of rounds that drew both labels. */
  bootstrap?: { low: number; high: number; rounds: number };
  /** False and true positive rates. Left out for large cases. */
  roc?: [number[], number[]];
}

/** The content of metrics.json. */
export interface MetricGoldens {
  seed: number;
  rounds: number;
  cases: MetricCase[];
}

/** The content of metrics.json, as test/golden/metrics.py wrote it. */
export const goldens: MetricGoldens = JSON.parse(Deno.readTextFileSync(goldenPath("metrics.json")));

/** The scores and labels of a case: the same numbers that `make_case` in test/golden/metrics.py makes. */
export function makeCase(
  { name, count, levels, prevalence, ahead, unlabelled }: MetricCase,
): { scores: Float64Array; labels: Float64Array } {
  const uniform = (purpose: string, index: number) => randomUniform(keyOf(`${name}.${purpose}`), index);
  const labels = Float64Array.from(
    { length: count },
    (_, index) => Number(uniform("label", index) < prevalence),
  );
  const scores = labels.map((label, index) => Math.floor(levels * (uniform("score", index) + ahead * label)));
  return {
    scores,
    labels: labels.map((label, index) => uniform("unlabelled", index) < unlabelled ? NaN : label),
  };
}
