/**
 * `demo:classify`: how well classifiers work on compressed images. Trains a codec on the brain slices in data/, writes
 * their reconstructions and latents, trains a classifier on each of originals, reconstructions and latents, and
 * compares the three.
 */

import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { densenet121 } from "../src/models/densenet/configuration.ts";
import { defaultConfiguration, type VqvaeConfiguration } from "../src/models/vqvae/configuration.ts";
import { duration } from "../src/report/progress.ts";
import type { ClassifierInput } from "../src/trained/classifier.ts";
import { trainDensenet } from "../src/train/densenet/train.ts";
import { encodeFiles } from "../src/apply/codec/encode_file.ts";
import { evaluateClassifiers } from "../src/apply/classifier/evaluate.ts";
import {
  describeEvaluation,
  evaluationJson,
  saveEvaluation,
} from "../src/apply/classifier/evaluation_files.ts";
import type { RunContext } from "../src/report/run_context.ts";
import { trainVqvae } from "../src/train/vqvae/train.ts";
import { demoClassifyCommand } from "./commands/demo_classify.ts";
import { freeFolder } from "./demo_folder.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { stopAfter, terminal } from "./terminal.ts";
import { tuning } from "./training.ts";
import { versions } from "./versions.ts";

/**
 * Strides 2 and 2 give latents of 32 by 32, the smallest that DenseNet-121 takes. Codes of length 1 give them two
 * channels, as in the original repository. Few channels keep the training short: a minute or two on two processor
 * cores.
 */
const codec: VqvaeConfiguration = {
  ...defaultConfiguration,
  channel: 24,
  n_res_channel: 16,
  embed_dim: 1,
  n_embed: 64,
  first_stride: 2,
  second_stride: 2,
  decay: 0.95,
};

const { n_classes: _, latent_channels: __, ...architecture } = densenet121;
const shippedData = fileURLToPath(new URL("../data/", import.meta.url));
const dataset = { dataset: "brain", view: "all", size: 64 };
const seed = 816;
const inputNames: Record<ClassifierInput, string> = {
  orig: "originals",
  recon: "reconstructions",
  latent: "latents",
};

interface Task {
  folder: string;
  codecEpochs: number;
  epochs: number;
  adapter: string | undefined;
  context: RunContext;
}

/** Options that all trainings of the demo share. */
function common({ adapter }: Task, data_path: string, n_epochs: number) {
  return {
    ...dataset,
    data_path,
    valid_path: data_path,
    n_epochs,
    seed,
    shuffle: true,
    resume: false,
    checkpoint_every: n_epochs,
    log_every: 20,
    adapter,
  };
}

/** Trains the codec and returns its checkpoint; undefined if a signal ended the training. */
async function trainCodec(task: Task): Promise<string | undefined> {
  const { checkpoint, exitCode } = await trainVqvae({
    ...tuning(),
    ...common(task, shippedData, task.codecEpochs),
    save_path: join(task.folder, "codec"),
    batch_size: 8,
    lr: 2e-3,
    sample_every: task.codecEpochs,
    kmeans_init: true,
    restart_dead_codes: 0.1,
    configuration: codec,
  }, task.context);
  return exitCode === undefined ? checkpoint : undefined;
}

/** Writes originals, reconstructions and latents to one folder, under the names by which training finds them. */
async function encode(task: Task, vqvae_file: string): Promise<string> {
  const folder = join(task.folder, "data");
  await encodeFiles({
    ...dataset,
    vqvae_file,
    data_path: shippedData,
    save_path: folder,
    batch_size: 32,
    compression: "none",
    resume: false,
    overwrite: false,
    adapter: task.adapter,
  }, task.context);
  for (const split of ["train", "valid"]) {
    const name = `${dataset.dataset}_${split}_${dataset.size}_orig.hdf5`;
    await Deno.copyFile(join(shippedData, name), join(folder, name));
  }
  return folder;
}

/** Trains a classifier and returns its checkpoint; undefined if a signal ended the training. */
async function trainClassifier(
  task: Task,
  data: string,
  recon: ClassifierInput,
): Promise<string | undefined> {
  const save_path = join(task.folder, recon);
  const { exitCode } = await trainDensenet({
    ...tuning(),
    ...common(task, data, task.epochs),
    save_path,
    recon,
    batch_size: 16,
    lr: 1e-3,
    b1: 0.9,
    b2: 0.999,
    weight_decay: 1e-6,
    pos_weight: "1",
    architecture,
  }, task.context);
  return exitCode === undefined ? join(save_path, "checkpoint", "best_densenet.safetensors") : undefined;
}

/** All four parts; false if a signal ended one of them. */
async function runAll(task: Task): Promise<boolean> {
  const { note } = task.context;
  note("1 of 4: train a codec");
  const vqvae_file = await trainCodec(task);
  if (!vqvae_file) return false;
  note("2 of 4: write reconstructions and latents");
  const data = await encode(task, vqvae_file);
  const models: string[] = [];
  for (const input of Object.keys(inputNames) as ClassifierInput[]) {
    note(`3 of 4: train a classifier on ${inputNames[input]}`);
    const checkpoint = await trainClassifier(task, data, input);
    if (!checkpoint) return false;
    models.push(checkpoint);
  }
  note("4 of 4: compare the three on the validation slices");
  const request = {
    ...dataset,
    models,
    data_path: data,
    batch_size: 48,
    bootstrap: 1000,
    seed,
    adapter: task.adapter,
  };
  const outcome = await evaluateClassifiers(request, task.context);
  await saveEvaluation(task.folder, outcome, evaluationJson(outcome, request, versions));
  console.log(`\n${describeEvaluation(outcome)}`);
  return true;
}

async function main(): Promise<number> {
  const options = readOptions(Deno.args, demoClassifyCommand);
  if (!options) return 0;
  const { codec_epochs: codecEpochs, n_epochs: epochs, adapter } = options;
  const folder = options.save_path ?? await freeFolder("runs/classify");
  using stop = stopAfter("step");
  const context: RunContext = { ...terminal, stop, versions };
  const started = performance.now();
  const finished = await runAll({ folder, codecEpochs, epochs, adapter, context });
  if (!finished) return stop.exitCode ?? 1;
  const seconds = (performance.now() - started) / 1000;
  console.log(`\nthe demo took ${duration(seconds)}; runs, curves and roc.png are in ${folder}`);
  return 0;
}

await run(main);
