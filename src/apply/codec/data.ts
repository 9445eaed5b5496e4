/** The data files to which a codec is applied. */

import { basename } from "node:path";
import type { FileLayout } from "../../data/dataset_info.ts";
import { requireDivisible } from "../../data/hdf5_file.ts";
import { BatchLoader } from "../../data/loader.ts";
import { resolveDataFile } from "../../data/locate.ts";
import { DataError, UsageError } from "../../errors.ts";
import { totalStride } from "../../models/vqvae/configuration.ts";
import type { SavedCodec } from "../../trained/codec.ts";

/** Which files to use: each path is a file, or a folder with a file for every data set and view. */
export interface CodecDataOptions extends FileLayout {
  data_paths: readonly string[];
  datasets: readonly string[];
  views: readonly string[];
  /** The side of the images in pixels; default: the files' own. */
  size?: number;
}

/**
 * The files that options select, in the options' order.
 *
 * @throws {DataError} if a file does not exist
 * @throws {UsageError} if a file is selected twice
 */
export async function findDataFiles(options: CodecDataOptions): Promise<string[]> {
  const { data_paths, datasets, views, size = 256 } = options;
  const found = new Map<string, string>();
  const add = (file: string, because: string) => {
    const earlier = found.get(file);
    if (earlier !== undefined) {
      throw new UsageError(`${because}: selects ${file}, as does ${earlier}; expected different files`);
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

/** Names that identify files: without their folders if those names are unique. */
export function shortNames(files: readonly string[]): string[] {
  const names = files.map((file) => basename(file));
  return new Set(names).size === names.length ? names : [...files];
}

/**
 * Opens a file for a codec: batches in the file's order, without labels.
 *
 * @throws {DataError} if the images do not fit; one line that names the file
 */
export async function openForCodec(
  path: string,
  { configuration }: SavedCodec,
  { size, batchSize, note, ...layout }: {
    size?: number;
    batchSize: number;
    note(text: string): void;
  } & FileLayout,
): Promise<BatchLoader> {
  const channels = configuration.in_channel;
  if (channels !== 1 && channels !== 3) {
    throw new DataError(
      `${path}: the codec takes ${channels} channels, expected 1 or 3, the channels of a picture`,
    );
  }
  const { images_key, input_range } = layout;
  const settings = {
    channels,
    size,
    images_key,
    input_range,
    batchSize,
    dropLast: false,
    shuffle: false,
    seed: 0,
  };
  const loader = await BatchLoader.open(path, settings);
  try {
    requireDivisible(loader.info, totalStride(configuration));
    loader.info.notes.forEach(note);
    return loader;
  } catch (error) {
    loader.close();
    throw error;
  }
}

/** One image [C, H, W] by its index in the file. `batchSize` is the loader's, which must read in the file's order. */
export async function readImage(
  loader: BatchLoader,
  index: number,
  batchSize: number,
): Promise<Float32Array<ArrayBuffer>> {
  const start = Math.floor(index / batchSize);
  for await (const { images, count } of loader.epoch(0, start)) {
    const length = images.length / count;
    const position = index - start * batchSize;
    return images.slice(position * length, (position + 1) * length);
  }
  throw new RangeError(`no image ${index} in ${loader.info.path}`);
}
