/**
 * `demo:classify`: how much of what tells images apart survives compression. Trains a codec on the brain slices that ship with
 * vqray, writes their reconstructions and latents, trains a classifier on each of the three, and puts them side by side.
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
import { adapterOption } from "./common_options.ts";
import { freeFolder } from "./demo_folder.ts";
import { readOptions } from "./options.ts";
import { run } from "./run.ts";
import { stopAfter, terminal } from "./terminal.ts";
import { tuning } from "./training_options.ts";
import { versions } from "./versions.ts";

const table = {
  save_path: {
    kind: "text",
    value: "FOLDER",
    help: "where all runs are kept; the first free of runs/classify, runs/classify-2 … if left out",
  },
  codec_epochs: { kind: "integer", least: 1, help: "epochs of the codec", default: 4 },
  n_epochs: { kind: "integer", least: 1, help: "epochs of each classifier", default: 2 },
  ...adapterOption,
} as const;

/**
 * The strides leave latents of 32 by 32, the least that DenseNet-121 takes, and codes of length 1 give them two channels, as in the
 * original. Narrow, so that it learns these images in a minute or two on two processor cores.
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
const shipped = fileURLToPath(new URL("../data/", import.meta.url));
const dataset = { dataset: "brain", view: "all", size: 64 };
const seed = 816;
const inputs: readonly ClassifierInput[] = ["orig", "recon", "latent"];

interface Task {
  folder: string;
  codecEpochs: number;
  epochs: number;
  adapter: string | undefined;
  context: RunContext;
}

/** What every training of the demonstration has in common. */
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

/** The codec's checkpoint; undefined where a signal came. */
async function trainCodec(task: Task): Promise<string | undefined> {
  const { checkpoint, exitCode } = await trainVqvae({
    ...tuning(),
    ...common(task, shipped, task.codecEpochs),
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

/** Originals, reconstructions and latents in one folder, under the names by which training finds them. */
async function encode(task: Task, vqvae_file: string): Promise<string> {
  const folder = join(task.folder, "data");
  await encodeFiles({
    ...dataset,
    vqvae_file,
    data_path: shipped,
    save_path: folder,
    batch_size: 32,
    compression: "none",
    resume: false,
    overwrite: false,
    adapter: task.adapter,
  }, task.context);
  for (const split of ["train", "valid"]) {
    const name = `${dataset.dataset}_${split}_${dataset.size}_orig.hdf5`;
    await Deno.copyFile(join(shipped, name), join(folder, name));
  }
  return folder;
}

/** A classifier's checkpoint; undefined where a signal came. */
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

async function walk(task: Task): Promise<boolean> {
  const { note } = task.context;
  note("1 of 4: a codec");
  const vqvae_file = await trainCodec(task);
  if (!vqvae_file) return false;
  note("2 of 4: reconstructions and latents");
  const data = await encode(task, vqvae_file);
  const models: string[] = [];
  for (const input of inputs) {
    note(`3 of 4: a classifier of ${input}`);
    const checkpoint = await trainClassifier(task, data, input);
    if (!checkpoint) return false;
    models.push(checkpoint);
  }
  note("4 of 4: the three side by side, on slices that training never saw");
  const wanted = {
    ...dataset,
    models,
    data_path: data,
    batch_size: 48,
    bootstrap: 1000,
    seed,
    adapter: task.adapter,
  };
  const outcome = await evaluateClassifiers(wanted, task.context);
  await saveEvaluation(task.folder, outcome, evaluationJson(outcome, wanted, versions));
  console.log(`\n${describeEvaluation(outcome)}`);
  return true;
}

async function main(): Promise<number> {
  const options = readOptions(Deno.args, {
    name: "demo:classify",
    summary: "trains a codec, then classifiers of originals, reconstructions and latents, and compares them",
    examples: ["./vqray demo:classify", "./vqray demo:classify --n_epochs 8 --save_path /tmp/longer"],
  }, table);
  if (!options) return 0;
  const { codec_epochs: codecEpochs, n_epochs: epochs, adapter } = options;
  const folder = options.save_path ?? await freeFolder("runs/classify");
  using stop = stopAfter("step");
  const context: RunContext = { ...terminal, stop, versions };
  const started = performance.now();
  const finished = await walk({ folder, codecEpochs, epochs, adapter, context });
  if (!finished) return stop.exitCode ?? 1;
  const seconds = (performance.now() - started) / 1000;
  console.log(`\nall of it took ${duration(seconds)}; runs, curves and roc.png are in ${folder}`);
  return 0;
}

await run(main);
