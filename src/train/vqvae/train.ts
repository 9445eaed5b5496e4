/** Trains a codec from HDF5 files, and leaves a run behind: weights, metrics, curves and pictures. */

import type { BatchLoader } from "../../data/loader.ts";
import { requireDivisible } from "../../data/hdf5_file.ts";
import { DataError } from "../../errors.ts";
import { Gpu } from "../../gpu/device.ts";
import { readWeights } from "../../io/weights_file.ts";
import { totalStride, type VqvaeConfiguration } from "../../models/vqvae/configuration.ts";
import { Vqvae } from "../../models/vqvae/model.ts";
import { configurationIn, matchState } from "../../trained/model_description.ts";
import { requireEqualParts } from "../micro_batches.ts";
import { requirePrecision } from "../precision.ts";
import { describeRun, openData } from "../run_data.ts";
import { openRunFolder, openTuner, writeArguments } from "../run_folder.ts";
import { RunProfile } from "../run_profile.ts";
import type { TrainOutcome } from "../run_options.ts";
import type { RunContext } from "../../report/run_context.ts";
import type { TrainVqvaeOptions } from "./options.ts";
import { VqvaeRun } from "./run.ts";
import { VqvaeTrainer } from "./trainer.ts";

/** Batches that k-means looks at, at the most. */
const kmeansBatches = 16;

/** Runs until the epochs or steps are done or a signal asks for an end. */
export async function trainVqvae(
  options: TrainVqvaeOptions,
  context: RunContext,
): Promise<TrainOutcome> {
  const { configuration, lr, seed, size, batch_size, init, kmeans_init, restart_dead_codes } = options;
  // Everything about the model and the files is checked before anything is written.
  requireEqualParts(options);
  new Vqvae(configuration);
  const data = await openData(options, {
    channels: configuration.in_channel,
    labels: true,
    size,
    check: (info) => requireDivisible(info, totalStride(configuration)),
  });
  const { train, valid } = data;
  const gpu = await Gpu.open({ adapter: options.adapter });
  try {
    requirePrecision(options, gpu);
    const profile = options.profile ? await RunProfile.start(gpu, context.note) : undefined;
    const trainer = await VqvaeTrainer.open(gpu, {
      configuration,
      shape: [batch_size, configuration.in_channel, train.info.height, train.info.width],
      learningRate: lr,
      seed,
      accumulate: options.accumulate,
      precision: options.precision,
      tuner: await openTuner(options, context, gpu),
      restartDeadCodes: restart_dead_codes,
      timeline: profile,
    });
    describeRun(options, context, trainer, data);
    const model = { kind: "vqvae", configuration } as const;
    const { log, saved } = await openRunFolder(model, { options, trainer }, {
      folders: ["sample"],
      readWeights: async () =>
        init === undefined ? undefined : await initialWeights(init, trainer, configuration),
      initialise: async () => {
        if (kmeans_init) await trainer.startCodebooks(await firstBatches(train));
      },
    });
    const run = new VqvaeRun(model, { options, context, trainer, log, profile, ...data });
    if (saved) run.restore(saved);
    await writeArguments(options, context, gpu, data);
    const outcome = await run.train();
    await trainer.close();
    return outcome;
  } finally {
    train.close();
    valid?.close();
    gpu.close();
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
  return matchState(tensors, trainer.state.shapes, path);
}
