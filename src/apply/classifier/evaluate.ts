/** Evaluates classifiers on labelled images: one alone, or several compared on the same images. */

import { basename } from "node:path";
import { DataFile } from "../../data/hdf5_file.ts";
import { DataError, UsageError } from "../../errors.ts";
import { type AdapterDescription, Gpu } from "../../gpu/device.ts";
import {
  type Differences,
  differences,
  measureClassifier,
  type ScoreTable,
} from "../../metrics/classification.ts";
import type { NamedMeasures } from "../../report/evaluation.ts";
import {
  codecReader,
  type InputOptions,
  type InputSource,
  namesFor,
  openSource,
  sourceKind,
} from "./inputs.ts";
import { inputMaker } from "../../trained/input_maker.ts";
import {
  Classifier,
  type ClassifierInput,
  inputChannels,
  type TrainedClassifier,
} from "../../trained/classifier.ts";
import { readClassifier } from "../../trained/classifier_file.ts";
import type { RunContext } from "../../report/run_context.ts";

/** See the help of `evaluate`. */
export interface EvaluateOptions extends InputOptions {
  /** Paths of classifiers' checkpoints, or of weights from PyTorch. */
  models: readonly string[];
  /** What each classifier was trained on, for files that do not say so; default: see {@linkcode classifierOf}. */
  inputs?: readonly ClassifierInput[];
  /** Rounds of the bootstrap; 0 computes no intervals. */
  bootstrap: number;
  /** The bootstrap's seed. */
  seed: number;
  /** An index in the list of adapters, or part of a name; default: the fastest. */
  adapter?: string;
}

/** The measures of one classifier. Its name describes its inputs and is unique among the classifiers compared. */
export interface Evaluation extends NamedMeasures {
  trained: TrainedClassifier;
  /** The data file. */
  data: string;
}

/** The result of {@linkcode evaluateClassifiers}. */
export interface EvaluationOutcome {
  /** Classifiers of originals first, then of reconstructions, then of latents. */
  evaluations: Evaluation[];
  /** Each evaluation except the first minus the first. */
  differences: Differences[];
  adapter: AdapterDescription;
}

const inputNames: Record<ClassifierInput, string> = {
  orig: "original",
  recon: "reconstructed",
  latent: "latent",
};
const inputOrder = Object.keys(inputNames);

/**
 * Scores every image with every classifier and computes AUROC, average precision and their bootstrap intervals.
 * Everything that can be checked is checked before the first image is scored. Classifiers that are compared must see
 * the same labels in the same order.
 *
 * @throws {UsageError} if options contradict the checkpoints; one line that names the option
 * @throws {DataError} if a file cannot be read, does not fit, or gives scores that are NaN; one line that names it
 */
export async function evaluateClassifiers(
  options: EvaluateOptions,
  context: Pick<RunContext, "note" | "progress">,
): Promise<EvaluationOutcome> {
  const classifiers = await readClassifiers(options);
  for (const { notes } of classifiers) notes?.forEach(context.note);
  await requirePlausible(classifiers, options);
  const sources: InputSource[] = [];
  try {
    const readOnce = codecReader(options, context.note);
    for (const trained of classifiers) sources.push(await openSource(trained, options, readOnce));
    new Set(sources.flatMap(({ loader }) => loader.info.notes)).forEach((text) => context.note(text));
    const gpu = await Gpu.open({ adapter: options.adapter });
    try {
      const tables = await scoreAll(gpu, classifiers, sources, context);
      context.note(`${options.bootstrap} rounds of the bootstrap`);
      const evaluations = tables.map((table, index) => ({
        trained: classifiers[index]!,
        name: nameOf(classifiers[index]!, classifiers),
        data: sources[index]!.loader.info.path,
        measures: measureClassifier(table, { seed: options.seed, rounds: options.bootstrap }),
      }));
      const [first, ...others] = evaluations;
      return {
        evaluations,
        differences: others.map(({ measures }) => differences(measures, first!.measures)),
        adapter: gpu.adapter,
      };
    } finally {
      gpu.close();
    }
  } finally {
    for (const { loader } of sources) loader.close();
  }
}

async function readClassifiers(options: EvaluateOptions): Promise<TrainedClassifier[]> {
  const { models, inputs } = options;
  const classifiers: TrainedClassifier[] = [];
  for (const [index, path] of models.entries()) {
    const trained = await readClassifier(path, inputs?.[index]);
    classifiers.push(await holdsLatents(trained, options) ? trained.asLatent! : trained);
  }
  return classifiers.sort((a, b) => inputOrder.indexOf(a.input) - inputOrder.indexOf(b.input));
}

/** Whether a classifier that may be one of latents is one: its data file has as many channels as its latents. */
async function holdsLatents(
  { asLatent }: TrainedClassifier,
  { data_path }: EvaluateOptions,
): Promise<boolean> {
  if (!asLatent) return false;
  const isFile = await Deno.stat(data_path).then((info) => info.isFile, () => false);
  if (!isFile) return false;
  const file = await DataFile.open(data_path);
  const { fileChannels } = file.info;
  file.close();
  // One channel is that of gray images, and three are those of colours.
  return fileChannels === inputChannels(asLatent.configuration) && fileChannels !== 1 && fileChannels !== 3;
}

/**
 * Checks that the options fit the checkpoints.
 *
 * @throws {UsageError} if options contradict the checkpoints
 * @throws {DataError} if the checkpoints cannot be compared
 */
async function requirePlausible(
  classifiers: readonly TrainedClassifier[],
  options: EvaluateOptions,
): Promise<void> {
  const { vqvae_file, data_path } = options;
  const [first, ...others] = classifiers;
  for (const { path, classNames } of others) {
    if (String(classNames) === String(first!.classNames)) continue;
    throw new DataError(
      `${path}: its classes differ from those of ${
        first!.path
      }; only classifiers of the same classes can be compared`,
    );
  }
  if (vqvae_file !== undefined && classifiers.every(({ input }) => input === "orig")) {
    throw new UsageError(
      `--vqvae_file ${vqvae_file}: ${
        first!.path
      } was trained on original images, for which no codec is needed`,
    );
  }
  const kinds = new Set(classifiers.map((trained) => sourceKind(trained, options)));
  const isFolder = await Deno.stat(data_path).then((info) => info.isDirectory, () => false);
  if (kinds.size > 1 && !isFolder) {
    throw new UsageError(
      `--data_path ${data_path}: expected a folder with files for ${[...kinds].join(", ")}, ` +
        "or original images and --vqvae_file",
    );
  }
}

/**
 * The kind of a classifier's inputs, followed by its file's name if another classifier has the same kind. The name is
 * as short as is unique: without its ending, the whole name, or the path.
 */
function nameOf({ input, path }: TrainedClassifier, all: readonly TrainedClassifier[]): string {
  const alike = all.filter((other) => other.input === input).map((other) => other.path);
  if (alike.length === 1) return inputNames[input];
  const shorter = [withoutEnding, (path: string) => basename(path)].find((shorten) =>
    new Set(alike.map(shorten)).size === alike.length
  );
  return `${inputNames[input]}, ${shorter ? shorter(path) : path}`;
}

function withoutEnding(path: string): string {
  return basename(path).replace(/\.(safetensors|(?:pth?|ckpt)(?:\.tar)?)$/, "");
}

async function scoreAll(
  gpu: Gpu,
  classifiers: readonly TrainedClassifier[],
  sources: readonly InputSource[],
  context: Pick<RunContext, "note" | "progress">,
): Promise<ScoreTable[]> {
  const tables: ScoreTable[] = [];
  for (const [index, trained] of classifiers.entries()) {
    tables.push(await scoreImages(gpu, trained, sources[index]!, context));
    requireSameLabels(tables[0]!, tables[index]!, sources[0]!, sources[index]!);
  }
  return tables;
}

/** Scores and labels of every image of a source, in the file's order. */
async function scoreImages(
  gpu: Gpu,
  trained: TrainedClassifier,
  source: InputSource,
  { progress }: Pick<RunContext, "progress">,
): Promise<ScoreTable> {
  const { info } = source.loader;
  const classNames = namesFor(trained, info);
  const scores = new Float32Array(info.count * classNames.length);
  const labels = new Float32Array(scores.length);
  const maker = inputMaker(gpu, trained, source.codec?.saved, [
    source.loader.info.height,
    source.loader.info.width,
  ]);
  const classifier = new Classifier(gpu, trained);
  try {
    const bar = progress(inputNames[trained.input], info.count);
    let done = 0;
    for await (const batch of source.loader.epoch(0)) {
      const size = { count: batch.count, ...source.size };
      scores.set(await classifier.predict(await maker.make(batch), size), done * classNames.length);
      labels.set(batch.labels!, done * classNames.length);
      bar.update(done += batch.count);
    }
    bar.finish();
  } finally {
    classifier.close();
    maker.close();
  }
  const bad = scores.findIndex(Number.isNaN);
  if (bad < 0) return { classNames, scores, labels };
  const image = Math.floor(bad / classNames.length);
  throw new DataError(
    `${trained.path}: gives NaN for image ${image} (counted from 0) of ${info.path}, expected numbers`,
  );
}

/**
 * Checks that two classifiers saw the same images in the same order, as far as labels show it.
 *
 * @throws {DataError} if labels differ; names the first such image
 */
function requireSameLabels(
  first: ScoreTable,
  second: ScoreTable,
  ...sources: [InputSource, InputSource]
): void {
  const [one, other] = sources.map(({ loader }) => loader.info);
  if (first.labels.length !== second.labels.length) {
    throw new DataError(
      `${other!.path}: holds ${other!.count} images, expected ${one!.count} as in ${one!.path}; ` +
        "only measures on the same images can be compared",
    );
  }
  const bad = first.labels.findIndex((label, index) => !Object.is(label + 0, second.labels[index]! + 0));
  if (bad < 0) return;
  const image = Math.floor(bad / first.classNames.length);
  throw new DataError(
    `${other!.path}: image ${image} (counted from 0) has other labels than in ${one!.path}; ` +
      "expected the same images in the same order",
  );
}
