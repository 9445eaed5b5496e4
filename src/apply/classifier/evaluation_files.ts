/** The output of an evaluation of classifiers: tables for a terminal, evaluation.json and roc.png. */

import { join } from "node:path";
import { writeFileAtomic } from "../../io/atomic.ts";
import {
  comparisonTable,
  differencesJson,
  differencesTable,
  measuresJson,
  measuresTable,
  rocPanels,
} from "../../report/evaluation.ts";
import { renderRoc } from "../../report/roc.ts";
import { jsonText } from "../json_text.ts";
import type { EvaluateOptions, EvaluationOutcome } from "./evaluate.ts";

/** The measures as tables for a terminal. */
export function describeEvaluation({ evaluations, differences }: EvaluationOutcome): string {
  const [first, ...others] = evaluations;
  const { images, mean, classes } = first!.measures;
  const heading = evaluations.length === 1
    ? `${first!.trained.path}: ${images} images (${first!.name}) of ${first!.data}`
    : evaluations.map(({ name, trained, data }) => `${name}: ${trained.path} on ${data}`).join("\n");
  const tables = evaluations.length === 1 ? [measuresTable(first!.measures)] : [
    comparisonTable(evaluations),
    "Differences on the same draws of images (paired bootstrap):\n\n" +
    differencesTable(first!, others.map(({ name }, index) => ({ name, differences: differences[index]! }))),
  ];
  const excluded = classes.length - mean.classes;
  if (excluded > 0) {
    tables.push(
      `${excluded} of ${classes.length} classes have labels of one kind only and are excluded from the means.`,
    );
  }
  return [heading, ...tables].join("\n\n");
}

/** The content of evaluation.json. */
export function evaluationJson(
  { evaluations, differences, adapter }: EvaluationOutcome,
  { bootstrap, seed }: EvaluateOptions,
  versions: Record<string, string>,
): Record<string, unknown> {
  const [first] = evaluations;
  const models = evaluations.map(({ name, trained, data, measures }) => ({
    name,
    model: trained.path,
    input: trained.input,
    data,
    ...measuresJson(measures),
  }));
  const settings = { bootstrap: { rounds: bootstrap, seed, level: 0.95 }, versions, adapter_used: adapter };
  if (models.length === 1) return { kind: "classifier", ...models[0], ...settings };
  const names = first!.measures.classes.map(({ name }) => name);
  return {
    kind: "comparison",
    models,
    differences: differences.map((each, index) => ({
      name: evaluations[index + 1]!.name,
      reference: first!.name,
      ...differencesJson(each, names),
    })),
    ...settings,
  };
}

/**
 * Writes roc.png and evaluation.json into a folder, which is created if necessary.
 *
 * @throws {DataError} if a file cannot be written; one line that names it
 */
export async function saveEvaluation(
  save_path: string,
  outcome: EvaluationOutcome,
  json: Record<string, unknown>,
): Promise<void> {
  const png = await renderRoc({
    title: "Receiver operating characteristics",
    panels: rocPanels(outcome.evaluations),
  });
  await writeFileAtomic(join(save_path, "roc.png"), png, { makeFolder: true });
  await writeFileAtomic(join(save_path, "evaluation.json"), jsonText(json));
}
