/** `evaluate` for classifiers: AUROC and average precision. */

import { evaluateClassifiers } from "../src/apply/classifier/evaluate.ts";
import {
  describeEvaluation,
  evaluationJson,
  saveEvaluation,
} from "../src/apply/classifier/evaluation_files.ts";
import { jsonText } from "../src/apply/json_text.ts";
import { UsageError } from "../src/errors.ts";
import { writeFileAtomic } from "../src/io/atomic.ts";
import { type Representation, representations } from "../src/representation.ts";
import type { EvaluateValues } from "./commands/evaluate.ts";
import { splitAtCommas } from "./lists.ts";
import { terminal } from "./terminal.ts";
import { versions } from "./versions.ts";

/** Measures one classifier, or compares several on the same images. */
export async function evaluateClassifierCommand(options: EvaluateValues, data_path: string): Promise<void> {
  const { model, compare, recon, save_path, json, batch_size = 64, bootstrap = 1000, ...rest } = options;
  const models = model !== undefined ? [model] : splitList(compare!);
  const inputs = recon === undefined ? undefined : splitKinds(recon, models.length);
  const request = { ...rest, batch_size, bootstrap, models, inputs, data_path };
  const outcome = await evaluateClassifiers(request, terminal);
  const figures = evaluationJson(outcome, request, versions);
  if (save_path !== undefined) await saveEvaluation(save_path, outcome, figures);
  if (json !== undefined) await writeFileAtomic(json, jsonText(figures));
  console.log(describeEvaluation(outcome));
}

function splitList(text: string): string[] {
  const paths = splitAtCommas(text);
  const isValid = paths.length > 1 && !paths.includes("") && new Set(paths).size === paths.length;
  if (isValid) return paths;
  throw new UsageError(`--compare ${text}: expected two or more different files, separated by commas`);
}

/** A kind of input for each classifier. */
function splitKinds(text: string, count: number): Representation[] {
  const kinds = splitAtCommas(text);
  const isValid = kinds.length === count &&
    kinds.every((kind) => (representations as readonly string[]).includes(kind));
  if (isValid) return kinds as Representation[];
  const each = count === 1 ? "" : `, one for each of the ${count} classifiers, separated by commas`;
  throw new UsageError(`--recon ${text}: expected ${representations.join(", ")}${each}`);
}
