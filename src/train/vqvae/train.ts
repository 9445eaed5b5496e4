/** Trains a codec from HDF5 files. */

import type { BatchLoader } from "../../data/loader.ts";
import { requireDivisible } from "../../data/hdf5_file.ts";
import { DataError } from "../../errors.ts";
import { Gpu } from "../../gpu/device.ts";
import { readWeights } from "../../io/weights_file.ts";
import { totalStride, type VqvaeConfiguration } from "../../models/vqvae/configuration.ts";
import { Vqvae } from "../../models/vqvae/model.ts";
import { codecStart } from "../../trained/codec_weights.ts";
import { configurationIn } from "../../trained/model_description.ts";
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

/** The largest number of batches for k-means. */
const kmeansBatches = 16;

/**
 * Trains a codec until all epochs or steps are done, or a signal asks to stop.
 *
 * Leaves in `options.save_path`: `args.json`, `metrics.jsonl`, `loss_curves.png`, pictures in `sample/`, and in
 * `checkpoint/` the weights `vqvae_NNN.safetensors` with their `.optimizer.safetensors`, and `best_vqvae.safetensors`.
 * With `options.profile` also `profile.json` and `trace.json`. Nothing is written before options, model and files have
 * been checked.
 *
 * @throws {UsageError} if options contradict each other, the adapter or the resumed run.
 * @throws {DataError} if a file cannot be read or written, does not fit the model, or a loss is not finite.
 * @throws {TooLargeError} if not even a single image's step fits the adapter's bindings.
 * @throws {OutOfMemoryError} if not even a single image's step fits into the GPU's memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ImageFileWriter } from "../../data/write.ts";
 * import { defaultConfiguration } from "../../models/vqvae/configuration.ts";
 * import { Progress } from "../../report/progress.ts";
 *
 * const save_path = await Deno.makeTempDir();
 * const data_path = `${save_path}/images.hdf5`;
 * const writer = await ImageFileWriter.create(data_path, { shape: [3, 16, 16], labelCount: 1 });
 * writer.append(new Float32Array(4 * 3 * 16 * 16), new Float32Array(4));
 * await writer.finish();
 *
 * const output = { isTerminal: false, columns: 80, write() {} };
 * const outcome = await trainVqvae({
 *   data_path,
 *   save_path,
 *   dataset: "any",
 *   view: "any",
 *   n_epochs: 1,
 *   batch_size: 2,
 *   lr: 3e-4,
 *   seed: 816,
 *   shuffle: true,
 *   resume: false,
 *   checkpoint_every: 1,
 *   sample_every: 1,
 *   log_every: 1,
 *   kmeans_init: false,
 *   configuration: { ...defaultConfiguration, channel: 8, n_res_channel: 4, embed_dim: 4, n_embed: 8 },
 * }, {
 *   note: () => {},
 *   progress: (label, total) => new Progress({ label, total, output }),
 *   stop: { exitCode: undefined },
 *   versions: {},
 * });
 * assertEquals(outcome, {
 *   steps: 2,
 *   epochs: 1,
 *   checkpoint: `${save_path}/checkpoint/vqvae_001.safetensors`,
 *   exitCode: undefined,
 * });
 * await Deno.remove(save_path, { recursive: true });
 * ```
 */
export async function trainVqvae(
  options: TrainVqvaeOptions,
  context: RunContext,
): Promise<TrainOutcome> {
  const { configuration, lr, seed, size, batch_size, init, kmeans_init, restart_dead_codes } = options;
  requireEqualParts(options);
  new Vqvae(configuration);
  const data = await openData(options, {
    channels: configuration.in_channel,
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
        init === undefined ? undefined : await initialWeights(init, configuration, context.note),
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

async function initialWeights(
  path: string,
  configuration: VqvaeConfiguration,
  note: (text: string) => void,
) {
  const content = await readWeights(path);
  const saved = configurationIn(content.metadata, "vqvae", path);
  // The decay does not change what the weights mean.
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
  const { weights, notes } = codecStart(content, configuration, path);
  notes?.forEach(note);
  return weights;
}
