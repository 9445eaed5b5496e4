/** Trains a classifier from HDF5 files. */

import { DataError, UsageError } from "../../errors.ts";
import { Gpu } from "../../gpu/device.ts";
import { blockSides, type DensenetConfiguration } from "../../models/densenet/configuration.ts";
import { requireEqualParts } from "../micro_batches.ts";
import { requirePrecision } from "../precision.ts";
import { describeRun } from "../run_data.ts";
import { openRunFolder, openTuner, writeArguments } from "../run_folder.ts";
import { RunProfile } from "../run_profile.ts";
import type { TrainOutcome } from "../run_options.ts";
import type { FileLayout } from "../../data/dataset_info.ts";
import type { RunContext } from "../../report/run_context.ts";
import { type Inputs, openInputs } from "./inputs.ts";
import { countLabels, type LabelCount, positiveWeights } from "./labels.ts";
import type { TrainDensenetOptions } from "./options.ts";
import { DensenetRun } from "./run.ts";
import { DensenetTrainer } from "./trainer.ts";
import { classifierWeights, pretrainedWeights } from "./weights.ts";

/**
 * Trains a classifier until all epochs or steps are done, or a signal asks to stop.
 *
 * Leaves in `options.save_path`: `args.json`, `metrics.jsonl`, `loss_and_auroc.png`, and in `checkpoint/` the weights
 * `densenet_NNN.safetensors` with their `.optimizer.safetensors`, and `best_densenet.safetensors`. With
 * `options.profile` also `profile.json` and `trace.json`. Nothing is written before options, model and files have been
 * checked.
 *
 * @throws {UsageError} if options contradict each other, the adapter or the resumed run.
 * @throws {DataError} if a file cannot be read or written, does not fit the model, or a loss is not finite.
 * @throws {TooLargeError} if not even a single image's step fits the adapter's bindings.
 * @throws {OutOfMemoryError} if not even a single image's step fits into the GPU's memory.
 */
export async function trainDensenet(
  options: TrainDensenetOptions,
  context: RunContext,
): Promise<TrainOutcome> {
  checkOptions(options, context);
  requireEqualParts(options);
  const gpu = await Gpu.open({ adapter: options.adapter });
  let inputs: Inputs | undefined;
  try {
    requirePrecision(options, gpu);
    inputs = await openInputs(options, gpu, context.note);
    return await trainOn(inputs, gpu, options, context);
  } finally {
    inputs?.close();
    gpu.close();
  }
}

async function trainOn(
  inputs: Inputs,
  gpu: Gpu,
  options: TrainDensenetOptions,
  context: RunContext,
): Promise<TrainOutcome> {
  const { recon, batch_size, init, pretrained } = options;
  const { data, shape, classNames } = inputs;
  const configuration: DensenetConfiguration = {
    ...options.architecture,
    n_classes: classNames.length,
    latent_channels: recon === "latent" ? shape[0] : 0,
  };
  requireRoom(configuration, inputs, batch_size / (options.accumulate ?? 1));
  const weights = positiveWeights(options.pos_weight, await countAll(inputs, options, context));
  const profile = options.profile ? await RunProfile.start(gpu, context.note) : undefined;
  const trainer = await DensenetTrainer.open(gpu, {
    configuration,
    shape: [batch_size, ...shape],
    positiveWeights: weights,
    learningRate: options.lr,
    beta1: options.b1,
    beta2: options.b2,
    weightDecay: options.weight_decay,
    seed: options.seed,
    accumulate: options.accumulate,
    precision: options.precision,
    tuner: await openTuner(options, context, gpu),
    timeline: profile,
  });
  if (trainer.accumulate > 1) {
    context.note(
      "batch normalisation takes the moments of each part, so the steps differ slightly from those of the whole batch",
    );
  }
  describeRun(options, context, trainer, data);
  const extraMetadata = { class_names: JSON.stringify(classNames), input: recon };
  const model = { kind: "densenet", configuration, extraMetadata } as const;
  const { log, saved } = await openRunFolder(model, { options, trainer }, {
    folders: [],
    readWeights: async () => {
      const { state: { shapes } } = trainer;
      if (init !== undefined) return await classifierWeights(init, configuration, shapes, context.note);
      if (pretrained !== undefined) return await pretrainedWeights(pretrained, shapes, context.note);
    },
  });
  const run = new DensenetRun(model, { options, context, trainer, log, profile, ...data }, inputs);
  if (saved) run.restore(saved);
  const { architecture: _, ...rest } = options;
  const settled = { ...rest, class_names: classNames, pos_weights: weights, configuration };
  await writeArguments(settled, context, gpu, data);
  const outcome = await run.train();
  await trainer.close();
  return outcome;
}

function checkOptions(
  { b1, b2, init, pretrained, recon, vqvae_file }: TrainDensenetOptions,
  { note }: RunContext,
) {
  for (const [name, value] of Object.entries({ b1, b2 })) {
    if (!(value >= 0 && value < 1)) {
      throw new UsageError(`--${name} ${value}: expected at least 0 and less than 1`);
    }
  }
  if (init !== undefined && pretrained !== undefined) {
    throw new UsageError(
      `--pretrained ${pretrained}: expected without --init, which has all weights already`,
    );
  }
  if (vqvae_file !== undefined && recon === "orig") {
    note(`${vqvae_file}: not used, as original images need no codec (--recon orig)`);
  }
}

/**
 * Checks that pooling leaves something of the images, and that batch normalisation sees at least two values per
 * channel.
 */
function requireRoom(
  configuration: DensenetConfiguration,
  { shape: [, height, width], data }: Inputs,
  batch: number,
): void {
  const [rows, columns] = [height, width].map((side) => blockSides(configuration, side).at(-1)!);
  const given = `${data.train.info.path}: inputs of the network are ${height} by ${width}`;
  if (rows! < 1 || columns! < 1) {
    const least = smallestSide(configuration);
    throw new DataError(`${given} and would be pooled away, expected at least ${least} by ${least}`);
  }
  if (batch * rows! * columns! > 1) return;
  throw new UsageError(
    `--batch_size ${batch}: ${given}, so batch normalisation sees one value per channel; expected at least 2 images`,
  );
}

function smallestSide(configuration: DensenetConfiguration): number {
  let side = 1;
  while (blockSides(configuration, side).at(-1)! < 1) side++;
  return side;
}

/** Counts the training file's labels. Prints the classes of either file for which no area under the curve exists. */
async function countAll(
  { data, classNames }: Inputs,
  layout: FileLayout,
  { note }: RunContext,
): Promise<LabelCount[]> {
  const count = async (path: string) => {
    const counts = await countLabels(path, layout);
    const uniform = classNames.filter((_, index) => {
      const { positives, negatives } = counts[index]!;
      return positives === 0 || negatives === 0;
    });
    if (uniform.length > 0) {
      note(
        `${path}: all known labels are equal, so there is no AUROC, and --pos_weight auto gives 1: ${
          uniform.join(", ")
        }`,
      );
    }
    return counts;
  };
  const counts = await count(data.train.info.path);
  if (data.valid) await count(data.valid.info.path);
  return counts;
}
