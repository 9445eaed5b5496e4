/** The data files that a codec is tried on. */

import { basename } from "node:path";
import { requireDivisible } from "../../data/hdf5_file.ts";
import { BatchLoader } from "../../data/loader.ts";
import { resolveDataFile } from "../../data/locate.ts";
import { DataError, UsageError } from "../../errors.ts";
import { totalStride } from "../../models/vqvae/configuration.ts";
import type { SavedCodec } from "../../trained/codec.ts";

/** Which files: each path is a file, or a folder with one for every data set and view. */
export interface CodecDataOptions {
  data_paths: readonly string[];
  datasets: readonly string[];
  views: readonly string[];
  /** Side of the images; the files' own where it is missing. */
  size?: number;
}

/**
 * The files that options mean, each once, in the options' order.
 *
 * @throws DataError where there is none; UsageError where one is named twice
 */
export async function findDataFiles(options: CodecDataOptions): Promise<string[]> {
  const { data_paths, datasets, views, size = 256 } = options;
  const found = new Map<string, string>();
  const add = (file: string, because: string) => {
    const earlier = found.get(file);
    if (earlier !== undefined) {
      throw new UsageError(`${because}: means ${file}, and so does ${earlier}, expected different files`);
    }
    found.set(file, because);
  };
  for (const path of data_paths) {
    const isFolder = await Deno.stat(path).then((info) => info.isDirectory, () => false);
    for (const dataset of isFolder ? datasets : datasets.slice(0, 1)) {
      for (const view of isFolder ? views : views.slice(0, 1)) {
        const file = await resolveDataFile(path, { dataset, view, size, split: "valid" });
        add(file, isFolder ? `--dataset ${dataset} --view ${view} in ${path}` : `--data_path ${path}`);
      }
    }
  }
  return [...found.keys()];
}

/** Names by which files are told apart: without their folders where that is enough. */
export function shortNames(files: readonly string[]): string[] {
  const names = files.map((file) => basename(file));
  return new Set(names).size === names.length ? names : [...files];
}

/**
 * Opens a file in its own order, without labels, for a codec.
 *
 * @throws DataError naming the file where its images do not fit
 */
export async function openForCodec(
  path: string,
  { configuration }: SavedCodec,
  { size, batchSize }: { size?: number; batchSize: number },
): Promise<BatchLoader> {
  const channels = configuration.in_channel;
  if (channels !== 1 && channels !== 3) {
    throw new DataError(
      `${path}: the codec takes ${channels} channels, expected 1 or 3, which make a picture`,
    );
  }
  const settings = { channels, size, batchSize, dropLast: false, shuffle: false, seed: 0 };
  const loader = await BatchLoader.open(path, settings);
  try {
    requireDivisible(loader.info, totalStride(configuration));
    return loader;
  } catch (error) {
    loader.close();
    throw error;
  }
}

/** One image [C, H, W] of a file whose loader reads batches in the file's order. */
export async function readImage(
  loader: BatchLoader,
  index: number,
  batchSize: number,
): Promise<Float32Array<ArrayBuffer>> {
  const start = Math.floor(index / batchSize);
  for await (const { images, count } of loader.epoch(0, start)) {
    const length = images.length / count;
    const place = index - start * batchSize;
    return images.slice(place * length, (place + 1) * length);
  }
  throw new RangeError(`no image ${index} in ${loader.info.path}`);
}
