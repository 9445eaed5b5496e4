/** Opens and describes the data files of a training run. */

import { BatchLoader, type BatchLoaderOptions } from "../data/loader.ts";
import type { DatasetInfo } from "../data/hdf5_file.ts";
import { resolveDataFile, type WantedDataFile } from "../data/locate.ts";
import { DataError } from "../errors.ts";
import type { Trainer } from "./trainer.ts";
import type { RunOptions } from "./run_options.ts";
import type { RunContext } from "../report/run_context.ts";

/** The batches of a run. */
export interface RunData {
  train: BatchLoader;
  /** Default: no validation. */
  valid?: BatchLoader;
}

/** What a model asks of its data. */
export interface WantedData extends Pick<BatchLoaderOptions, "channels" | "labels" | "unlabelled" | "size"> {
  kind?: WantedDataFile["kind"];
  /** Throws a DataError if the model cannot take a file's images. */
  check(info: DatasetInfo): void;
}

/**
 * Opens the data files. Training batches come in a new order each epoch unless `shuffle` is false, and all are full.
 * Validation batches cover the whole file in its order.
 *
 * @throws {DataError} if a file cannot be read, does not suit the model, or validation images have another size.
 */
export async function openData(
  options: RunOptions,
  { kind, check, ...wanted }: WantedData,
): Promise<RunData> {
  const { dataset, view, size, batch_size, seed, images_key, labels_key, input_range } = options;
  const open = async (path: string, split: "train" | "valid", shuffle: boolean) => {
    const file = await resolveDataFile(path, { dataset, view, size: size ?? 256, split, kind });
    const dropLast = split === "train";
    const loader = await BatchLoader.open(file, {
      ...wanted,
      images_key,
      labels_key,
      input_range,
      batchSize: batch_size,
      seed,
      dropLast,
      shuffle,
    });
    try {
      check(loader.info);
    } catch (error) {
      loader.close();
      throw error;
    }
    return loader;
  };
  const train = await open(options.data_path, "train", options.shuffle);
  if (options.valid_path === undefined) return { train };
  try {
    const valid = await open(options.valid_path, "valid", false);
    requireSameSize(train.info, valid.info);
    return { train, valid };
  } catch (error) {
    train.close();
    throw error;
  }
}

function requireSameSize(train: DatasetInfo, valid: DatasetInfo): void {
  if (train.height === valid.height && train.width === valid.width) return;
  throw new DataError(
    `${valid.path}: images are ${valid.height} by ${valid.width}, expected ${train.height} by ${train.width} as in ${train.path}`,
  );
}

/** Prints what the run learns from and what its steps take on the GPU. */
export function describeRun(
  { batch_size, precision }: RunOptions,
  { note }: RunContext,
  trainer: Trainer,
  { train, valid }: RunData,
): void {
  for (const text of [...train.info.notes, ...(valid?.info.notes ?? [])]) note(text);
  const { count, height, width, path } = train.info;
  const validation = valid ? `${valid.info.count} for validation` : "no validation";
  note(
    `${path}: ${count} images of ${height} by ${width}, ${validation}; ${train.batchesPerEpoch} batches of ${batch_size} an epoch`,
  );
  const { accumulate, plannedBytes, plannedDispatches } = trainer;
  const parts = accumulate > 1 ? `, each batch in ${accumulate} parts of ${batch_size / accumulate}` : "";
  const kind = precision === "f16" ? ", values in float16" : "";
  note(
    `${trainer.gpu.adapter.name}: ${
      (plannedBytes / 2 ** 20).toFixed(0)
    } MiB planned for a step${parts}${kind}; ${plannedDispatches} dispatches of ${trainer.gpu.pipelineCount} compiled kernels`,
  );
}
