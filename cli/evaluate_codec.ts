/** `evaluate` for codecs. */

import { join } from "node:path";
import { UsageError } from "../src/errors.ts";
import { writeFileAtomic } from "../src/io/atomic.ts";
import { type Manipulation, type ManipulationName, manipulationNames } from "../src/metrics/manipulations.ts";
import {
  codecJson,
  describeCodecEvaluation,
  saveCodecEvaluation,
} from "../src/apply/codec/evaluation_files.ts";
import { evaluateCodec } from "../src/apply/codec/evaluate.ts";
import { jsonText } from "../src/apply/json_text.ts";
import type { EvaluateValues } from "./evaluate.ts";
import { terminal } from "./terminal.ts";
import { versions } from "./versions.ts";

/** Measures a codec on one data file or several. */
export async function evaluateCodecCommand(
  options: EvaluateValues,
  { model, data_path }: { model: string; data_path: string },
): Promise<void> {
  const { dataset, view, size, batch_size = 16, seed, save_path, json, manipulate, fid_weights, adapter } =
    options;
  const manipulations = manipulate === undefined ? [] : parseManipulations(manipulate);
  const wanted = {
    model,
    data_paths: await splitPaths(data_path),
    datasets: splitNames("dataset", dataset),
    views: splitNames("view", view),
    size,
    batch_size,
    seed,
    manipulations,
    fid_weights,
    adapter,
  };
  const outcome = await evaluateCodec(wanted, terminal);
  const figures = codecJson(outcome, wanted, versions);
  if (save_path !== undefined) await saveCodecEvaluation(save_path, outcome, figures);
  if (json !== undefined) await writeFileAtomic(json, jsonText(figures));
  console.log(describeCodecEvaluation(outcome));
  if (save_path !== undefined) console.log(`\nreport: ${join(save_path, "report.html")}`);
}

/** Paths with commas between them; a path that has one in its name stands alone. */
async function splitPaths(text: string): Promise<string[]> {
  const isThere = await Deno.stat(text).then(() => true, () => false);
  return isThere ? [text] : splitNames("data_path", text);
}

function splitNames(option: string, text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (!names.includes("") && new Set(names).size === names.length) return names;
  throw new UsageError(`--${option} ${text}: expected different names with commas between them`);
}

function parseManipulations(text: string): Manipulation[] {
  const manipulations = splitNames("manipulate", text).map(parseManipulation);
  const different = new Set(manipulations.map(({ name, strength }) => `${name}:${strength}`));
  if (different.size === manipulations.length) return manipulations;
  throw new UsageError(`--manipulate ${text}: expected each once`);
}

/** `noise` or `noise:0.5`. */
function parseManipulation(text: string): Manipulation {
  const [name, strength, ...more] = text.split(":").map((part) => part.trim());
  const isKnown = (manipulationNames as readonly string[]).includes(name!);
  const number = strength === undefined ? 1 : strength === "" ? NaN : Number(strength);
  if (isKnown && number > 0 && Number.isFinite(number) && more.length === 0) {
    return { name: name as ManipulationName, strength: number };
  }
  throw new UsageError(
    `--manipulate ${text}: expected ${
      manipulationNames.join(", ")
    }, or one with its strength, such as noise:0.5`,
  );
}
