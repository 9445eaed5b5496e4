/** `evaluate`: how well trained classifiers tell apart what they were trained to. */

import { UsageError } from "../src/errors.ts";
import { writeFileAtomic } from "../src/io/atomic.ts";
import { Progress } from "../src/report/progress.ts";
import { evaluateClassifiers } from "../src/train/evaluate_classifier.ts";
import {
  describeEvaluation,
  evaluationJson,
  jsonText,
  saveEvaluation,
} from "../src/train/evaluation_files.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { versions } from "./versions.ts";

const table = {
  model: { kind: "text", value: "FILE", help: "a classifier's checkpoint, .safetensors" },
  compare: {
    kind: "text",
    value: "FILE,FILE…",
    help: "several checkpoints with commas between them, to be put side by side",
  },
  data_path: { kind: "text", value: "PATH", help: "labelled HDF5 file, or a folder of them" },
  dataset: { kind: "text", value: "NAME", help: "the data set in the usual file names", default: "CheXpert" },
  view: { kind: "text", value: "NAME", help: "the view in the usual file names", default: "frontal" },
  size: { kind: "integer", least: 1, help: "side of the original images; that of the file if left out" },
  vqvae_file: {
    kind: "text",
    value: "FILE",
    help: "a codec that makes reconstructions or latents of original images",
  },
  batch_size: { kind: "integer", least: 1, help: "images in a pass", default: 64 },
  bootstrap: { kind: "integer", least: 0, help: "rounds of the bootstrap for 95 % intervals", default: 1000 },
  seed: { kind: "integer", least: 0, help: "of the bootstrap", default: 816 },
  save_path: { kind: "text", value: "FOLDER", help: "where roc.png and evaluation.json are left" },
  json: { kind: "text", value: "FILE", help: "writes the figures there, too" },
  adapter: { kind: "text", value: "NAME", help: "GPU by its index or a part of its name" },
} as const;

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "evaluate",
    summary: "measures a classifier's AUROC, class by class, or puts several side by side",
    examples: [
      "./vqray evaluate --model runs/orig/checkpoint/best_densenet.safetensors --data_path valid.hdf5 --save_path runs/orig",
      "./vqray evaluate --compare orig.safetensors,recon.safetensors,latent.safetensors --data_path data --size 64",
      "./vqray evaluate --compare orig.safetensors,latent.safetensors --data_path valid.hdf5 --vqvae_file vqvae_040.safetensors",
    ],
  }, table);
  if (!options) return 0;
  const { model, compare, data_path, save_path, json, ...rest } = options;
  if ((model === undefined) === (compare === undefined)) {
    throw new UsageError("--model, --compare: expected one of the two");
  }
  if (data_path === undefined) throw new UsageError("--data_path: expected an HDF5 file or a folder of them");
  const models = model !== undefined ? [model] : splitList(compare!);
  const wanted = { ...rest, models, data_path };
  const outcome = await evaluateClassifiers(wanted, {
    note: (text) => console.error(text),
    progress: (label, total, alreadyDone = 0) => new Progress({ label, total, alreadyDone }),
  });
  const figures = evaluationJson(outcome, wanted, versions);
  if (save_path !== undefined) await saveEvaluation(save_path, outcome, figures);
  if (json !== undefined) await writeFileAtomic(json, jsonText(figures));
  console.log(describeEvaluation(outcome));
  return 0;
}

function splitList(text: string): string[] {
  const paths = text.split(",").map((path) => path.trim());
  const isList = paths.length > 1 && !paths.includes("") && new Set(paths).size === paths.length;
  if (isList) return paths;
  throw new UsageError(`--compare ${text}: expected two or more different files with commas between them`);
}

await run(main);
