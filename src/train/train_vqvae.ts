/** Trains a codec from HDF5 files, and leaves a run behind: weights, metrics, curves and pictures. */

import { join } from "node:path";
import { BatchLoader, type BatchLoaderOptions } from "../data/loader.ts";
import { requireDivisible } from "../data/hdf5_file.ts";
import { resolveDataFile } from "../data/locate.ts";
import { DataError, UsageError } from "../errors.ts";
import { Gpu } from "../gpu/device.ts";
import { writeFileAtomic } from "../io/atomic.ts";
import { readWeights } from "../io/weights.ts";
import { totalStride, type VqvaeConfiguration } from "../models/vqvae/configuration.ts";
import { Vqvae } from "../models/vqvae/model.ts";
import { configurationIn, findCheckpoint, loadCheckpoint, matchState } from "./checkpoint.ts";
import { MetricsLog } from "./metrics_log.ts";
import type { Surroundings, TrainOutcome, TrainVqvaeOptions } from "./vqvae_options.ts";
import { VqvaeRun } from "./vqvae_run.ts";
import { VqvaeTrainer } from "./vqvae_trainer.ts";

/** Batches that k-means looks at, at the most. */
const kmeansBatches = 16;

/** Runs until the epochs or steps are done or a signal asks for an end. */
export async function trainVqvae(
  options: TrainVqvaeOptions,
  surroundings: Surroundings,
): Promise<TrainOutcome> {
  // Everything about the model and the files is checked before anything is written.
  new Vqvae(options.configuration);
  const { train, valid } = await openData(options);
  const gpu = await Gpu.open({ adapter: options.adapter });
  try {
    const { configuration, lr, seed, batch_size, restart_dead_codes } = options;
    const trainer = await VqvaeTrainer.open(gpu, {
      configuration,
      shape: [batch_size, configuration.in_channel, train.info.height, train.info.width],
      learningRate: lr,
      seed,
      restartDeadCodes: restart_dead_codes,
    });
    describeRun(options, surroundings, trainer, train, valid);
    const run = new VqvaeRun(options, surroundings, trainer, train, valid);
    await prepareFolder(options, run, train);
    await writeArguments(options, surroundings, gpu, train, valid);
    const outcome = await run.train();
    await trainer.close();
    return outcome;
  } finally {
    train.close();
    valid?.close();
    gpu.close();
  }
}

async function openData(options: TrainVqvaeOptions): Promise<{ train: BatchLoader; valid?: BatchLoader }> {
  const { configuration, batch_size, seed, size, dataset, view } = options;
  const wanted = { dataset, view, size: size ?? 256 };
  const open = async (
    path: string,
    split: "train" | "valid",
    rest: Pick<BatchLoaderOptions, "dropLast" | "shuffle">,
  ) => {
    const file = await resolveDataFile(path, { ...wanted, split });
    const loader = await BatchLoader.open(file, {
      channels: configuration.in_channel,
      labels: true,
      size,
      batchSize: batch_size,
      seed,
      ...rest,
    });
    try {
      requireDivisible(loader.info, totalStride(configuration));
    } catch (error) {
      loader.close();
      throw error;
    }
    return loader;
  };
  const train = await open(options.data_path, "train", { dropLast: true, shuffle: options.shuffle });
  if (options.valid_path === undefined) return { train };
  try {
    const valid = await open(options.valid_path, "valid", { dropLast: false, shuffle: false });
    requireSameSize(train, valid);
    return { train, valid };
  } catch (error) {
    train.close();
    throw error;
  }
}

function requireSameSize({ info: train }: BatchLoader, { info: valid }: BatchLoader): void {
  if (train.height === valid.height && train.width === valid.width) return;
  throw new DataError(
    `${valid.path}: images are ${valid.height} by ${valid.width}, expected ${train.height} by ${train.width} as in ${train.path}`,
  );
}

function describeRun(
  options: TrainVqvaeOptions,
  { note }: Surroundings,
  trainer: VqvaeTrainer,
  train: BatchLoader,
  valid?: BatchLoader,
) {
  const { count, height, width, path } = train.info;
  const validation = valid ? `${valid.info.count} for validation` : "no validation";
  note(
    `${path}: ${count} images of ${height} by ${width}, ${validation}; ${train.batchesPerEpoch} batches of ${options.batch_size} an epoch`,
  );
  note(`${trainer.gpu.adapter.name}: ${(trainer.plannedBytes / 2 ** 20).toFixed(0)} MiB planned for a step`);
}

/** Fresh, from given weights, or where the last checkpoint stands. */
async function prepareFolder(options: TrainVqvaeOptions, run: VqvaeRun, train: BatchLoader): Promise<void> {
  const { save_path, resume, init, configuration, kmeans_init } = options;
  const folder = join(save_path, "checkpoint");
  const metrics = join(save_path, "metrics.jsonl");
  // A run that broke off before its first losses left nothing that is worth keeping.
  const exists = await Deno.stat(metrics).then(({ size }) => size > 0, () => false);
  if (resume) {
    const found = await findCheckpoint(folder);
    if (!found) {
      throw new DataError(`${save_path}: there is no checkpoint to resume from, expected one in ${folder}`);
    }
    const saved = await loadCheckpoint(found, "vqvae", configuration, {
      weights: run.trainer.shapes,
      moments: run.trainer.momentShapes,
    });
    for (const name of ["seed", "batch_size"] as const) {
      if (saved.run[name] === options[name]) continue;
      throw new UsageError(
        `--${name} ${options[name]}: the run in ${save_path} began with ${saved.run[name]}`,
      );
    }
    run.restore(saved, await MetricsLog.reopen(metrics, saved.run.steps, saved.run.epochs));
    return;
  }
  if (exists) {
    throw new DataError(
      `${save_path}: holds a run already; go on with it with --resume, or choose another folder`,
    );
  }
  const weights = init === undefined ? undefined : await initialWeights(init, run.trainer, configuration);
  for (const name of ["checkpoint", "sample"]) await makeFolder(join(save_path, name));
  if (weights) run.trainer.write(weights);
  if (kmeans_init) await run.trainer.startCodebooks(await firstBatches(train));
  run.begin(await MetricsLog.create(metrics));
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw new DataError(`${path}: the folder cannot be made: ${(error as Error).message}`);
  }
}

async function firstBatches(train: BatchLoader): Promise<Float32Array<ArrayBuffer>[]> {
  const batches: Float32Array<ArrayBuffer>[] = [];
  for await (const { images } of train.epoch(0)) {
    batches.push(images);
    if (batches.length === kmeansBatches) break;
  }
  return batches;
}

async function initialWeights(path: string, trainer: VqvaeTrainer, configuration: VqvaeConfiguration) {
  const { tensors, metadata } = await readWeights(path);
  const saved = configurationIn(metadata, "vqvae", path);
  // The decay is no part of the weights.
  const changed = Object.entries(saved ?? {}).find(([name, value]) =>
    name !== "decay" && value !== configuration[name as keyof VqvaeConfiguration]
  );
  if (changed) {
    const [name, value] = changed;
    throw new DataError(
      `${path}: weights of another model: --${name} ${value}, and this run has ${
        configuration[name as keyof VqvaeConfiguration]
      }`,
    );
  }
  return matchState(tensors, trainer.shapes, path);
}

async function writeArguments(
  options: TrainVqvaeOptions,
  { versions }: Surroundings,
  gpu: Gpu,
  train: BatchLoader,
  valid: BatchLoader | undefined,
): Promise<void> {
  const { configuration, ...rest } = options;
  const content = {
    ...rest,
    ...configuration,
    train_file: train.info.path,
    valid_file: valid?.info.path,
    versions,
    adapter_used: gpu.adapter,
  };
  await writeFileAtomic(join(options.save_path, "args.json"), JSON.stringify(content, null, 2) + "\n");
}
