/** `evaluate` for codecs: quality of the reconstructions and compression. */

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
import type { EvaluateValues } from "./commands/evaluate.ts";
import { splitAtCommas } from "./lists.ts";
import { terminal } from "./terminal.ts";
import { versions } from "./versions.ts";

/** Measures a codec on one or more data files. */
export async function evaluateCodecCommand(
  options: EvaluateValues,
  { model, data_path }: { model: string; data_path: string },
): Promise<void> {
  const { dataset, view, size, batch_size = 16, seed, save_path, json, manipulate, fid_weights, adapter } =
    options;
  const { images_key, input_range } = options;
  const manipulations = manipulate === undefined ? [] : parseManipulations(manipulate);
  const request = {
    model,
    data_paths: await splitPaths(data_path),
    datasets: splitNames("dataset", dataset),
    views: splitNames("view", view),
    size,
    images_key,
    input_range,
    batch_size,
    seed,
    manipulations,
    fid_weights,
    adapter,
  };
  const outcome = await evaluateCodec(request, terminal);
  const figures = codecJson(outcome, request, versions);
  if (save_path !== undefined) await saveCodecEvaluation(save_path, outcome, figures);
  if (json !== undefined) await writeFileAtomic(json, jsonText(figures));
  console.log(describeCodecEvaluation(outcome));
  if (save_path !== undefined) console.log(`\nreport: ${join(save_path, "report.html")}`);
}

/** Paths separated by commas; the whole text if a file of that name exists. */
async function splitPaths(text: string): Promise<string[]> {
  const exists = await Deno.stat(text).then(() => true, () => false);
  return exists ? [text] : splitNames("data_path", text);
}

function splitNames(option: string, text: string): string[] {
  const names = splitAtCommas(text);
  if (!names.includes("") && new Set(names).size === names.length) return names;
  throw new UsageError(`--${option} ${text}: expected different names, separated by commas`);
}

function parseManipulations(text: string): Manipulation[] {
  const manipulations = splitNames("manipulate", text).map(parseManipulation);
  const different = new Set(manipulations.map(({ name, strength }) => `${name}:${strength}`));
  if (different.size === manipulations.length) return manipulations;
  throw new UsageError(`--manipulate ${text}: expected each manipulation once`);
}

/** Reads a name with or without a strength: `noise` or `noise:0.5`. */
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
    }, or one with a strength larger than 0, such as noise:0.5`,
  );
}
