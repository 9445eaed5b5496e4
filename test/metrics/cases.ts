/** The cases of test/golden/metrics.json: what scikit-learn said, and the scores and labels that it said it of. */

import { keyOf, randomUniform } from "../../src/random.ts";
import { goldenPath } from "../golden/read.ts";

export interface MetricCase {
  name: string;
  /** Images, distinct scores, share of positives, how far these are ahead, and share of images without a label. */
  count: number;
  levels: number;
  prevalence: number;
  ahead: number;
  unlabelled: number;
  positives: number;
  negatives: number;
  auroc: number | null;
  average_precision: number | null;
  /** Missing where there are many images; `rounds` is how many drew both labels. */
  bootstrap?: { low: number; high: number; rounds: number };
  /** False and true positive rates; missing where there are many. */
  roc?: [number[], number[]];
}

export interface MetricGoldens {
  seed: number;
  rounds: number;
  cases: MetricCase[];
}

export const goldens: MetricGoldens = JSON.parse(Deno.readTextFileSync(goldenPath("metrics.json")));

/** The same numbers as `make_case` of test/golden/metrics.py. */
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
