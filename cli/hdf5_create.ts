/** `hdf5:create`: image files to HDF5 data files. */

import { type CreatedFile, createFiles, type CreateOutcome } from "../src/create/create.ts";
import type { CreateOptions } from "../src/create/options.ts";
import { UsageError } from "../src/errors.ts";
import { Progress } from "../src/report/progress.ts";
import { textTable } from "../src/report/table.ts";
import { StopSignal } from "../src/report/stop_signal.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";

const table = {
  data_path: { kind: "text", value: "FOLDER", help: "the images; nothing outside it is read" },
  csv: {
    kind: "text",
    value: "FILE",
    help: "their list: CheXpert's, MIMIC-CXR's or another table; without it sub-folders are the classes",
  },
  labels_csv: {
    kind: "text",
    value: "FILE",
    help: "MIMIC-CXR's table of labels, where the list is its table of images",
  },
  save_path: { kind: "text", value: "FOLDER", help: "where the new files go" },
  dataset: {
    kind: "text",
    value: "NAME",
    help: "name in the files' names; by default the list's or folder's",
  },
  path_column: { kind: "text", value: "NAME", help: "the list's column with the paths" },
  label_columns: {
    kind: "text",
    value: "NAMES",
    help: "the list's columns with labels: a,b,c or first..last; none if left out",
  },
  patient_column: { kind: "text", value: "NAME", help: "the list's column that tells patients apart" },
  patient_pattern: {
    kind: "text",
    value: "REGEX",
    help: "finds the patient in a path: what its first group matches",
  },
  view_column: { kind: "text", value: "NAME", help: "the list's column with the view" },
  view: {
    kind: "text",
    choices: ["frontal", "lateral", "all"],
    value: "NAME",
    help: "frontal, lateral or all; by default frontal where the list tells views",
  },
  uncertain: {
    kind: "text",
    choices: ["zeros", "ones", "ignore"],
    value: "NAME",
    help: "what -1 becomes: zeros, ones or ignore, which leaves the label out of training",
    default: "zeros",
  },
  blank: {
    kind: "text",
    choices: ["zeros", "ignore"],
    value: "NAME",
    help: "what an empty label becomes: zeros or ignore",
    default: "zeros",
  },
  size: { kind: "integer", least: 1, help: "side of the images", default: 256 },
  split: {
    kind: "number",
    least: 0,
    help: "share of the patients for training; 1 or 0: one file",
    default: 0.9,
  },
  seed: { kind: "integer", least: 0, help: "of the division into patients", default: 816 },
  dtype: {
    kind: "text",
    choices: ["float32", "uint8"],
    value: "NAME",
    help: "float32, normalised, or uint8, a quarter of the size",
    default: "float32",
  },
  channels: { kind: "integer", choices: [1, 3], help: "1 or 3", default: 3 },
  compression: {
    kind: "text",
    choices: ["gzip", "none"],
    value: "NAME",
    help: "gzip or none",
    default: "none",
  },
  labels: { kind: "flag", help: "sub-folders are classes", default: true },
  paths: { kind: "flag", help: "the files tell each image's path", default: true },
  num_workers: {
    kind: "integer",
    least: 1,
    help: "images decoded at a time; as many as processors if left out",
  },
  strict: { kind: "flag", help: "stops at the first file that cannot be read" },
  dry_run: { kind: "flag", help: "looks and counts, decodes and writes nothing" },
  overwrite: { kind: "flag", help: "replaces files that are there" },
} as const;

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "hdf5:create",
    summary: "writes HDF5 files for training from PNG, JPEG, DICOM or NIfTI images, divided by patient",
    examples: [
      "./vqray hdf5:create --data_path CheXpert-v1.0-small --csv CheXpert-v1.0-small/train.csv --save_path data",
      "./vqray hdf5:create --data_path xrays --csv list.csv --path_column file --label_columns edema,fracture --patient_column id --save_path data",
      "./vqray hdf5:create --data_path folder_of_classes --size 64 --channels 1 --dtype uint8 --save_path data",
      "./vqray hdf5:create --data_path mimic-cxr-jpg --csv mimic-cxr-2.0.0-metadata.csv.gz --labels_csv mimic-cxr-2.0.0-chexpert.csv.gz --save_path data",
    ],
  }, table);
  if (!options) return 0;
  const { data_path, save_path } = options;
  if (data_path === undefined) throw new UsageError("--data_path: expected a folder of images");
  if (save_path === undefined) throw new UsageError("--save_path: expected a folder");
  using stop = new StopSignal((name) => console.error(`${name}: stopping; nothing is left of the new files`));
  const outcome = await createFiles(
    // The table's choices are these types' values.
    { ...options, data_path, save_path } as CreateOptions,
    {
      note: (text) => console.error(text),
      progress: (label, total) => new Progress({ label, total, unit: "files" }),
      stop,
    },
  );
  report(outcome);
  return outcome.exitCode ?? 0;
}

function report({ files, skipped, seconds, peakBytes, workers }: CreateOutcome): void {
  if (files.length === 0) return;
  for (const file of files) console.log(describe(file));
  const images = files.reduce((sum, { tally }) => sum + tally.images, 0);
  if (files.every(({ bytes }) => bytes === undefined)) {
    return console.log(`${images} files found, ${skipped} cannot be read; nothing was decoded or written`);
  }
  console.log(
    `${images} images in ${seconds.toFixed(1)} s, ${
      (images / seconds).toFixed(1)
    } images/s with ${workers} ` +
      `${workers === 1 ? "worker" : "workers"}, at most ${Math.round(peakBytes / 2 ** 20)} MiB of memory; ` +
      `${skipped} ${skipped === 1 ? "file" : "files"} skipped`,
  );
}

function describe({ path, shape, tally, bytes }: CreatedFile): string {
  const size = bytes === undefined ? "not written" : `${(bytes / 1e6).toFixed(1)} MB`;
  const line = `${path}: ${tally.images} images of [${
    shape.join(", ")
  }], ${tally.patients} patients, ${size}`;
  if (tally.classes.length === 0) return line;
  const rows = tally.classes.map(({ name, ...counts }) => [name, ...Object.values(counts)]);
  return `${line}\n\n${textTable(["class", "positive", "negative", "uncertain", "blank"], rows)}\n`;
}

await run(main);
