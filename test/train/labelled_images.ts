/** Small files of real labelled images, and options of runs that train a classifier on them in seconds. */

import { fileURLToPath } from "node:url";
import { DataFile } from "../../src/data/hdf5_file.ts";
import { ImageFileWriter } from "../../src/data/write.ts";
import type { TrainDensenetOptions } from "../../src/train/densenet/options.ts";
import { firstIndices } from "../data/fixtures.ts";
import { smallDensenet } from "../trained/small_classifier.ts";
import { shortRun } from "./run_options.ts";

const fashion = fileURLToPath(new URL("../../data/fashion_train_32_orig.hdf5", import.meta.url));

/** The ten kinds of clothing in three classes: tops, shoes, neither. */
const groups = [[0, 2, 3, 4, 6], [5, 7, 9], [1, 8]];
export const classes = ["top", "shoe", "neither"];

/** The `count` images from index `first` on of the shipped file, [count, 3, 32, 32], and their labels [count, 3]. */
export async function clothes(first: number, count: number) {
  const file = await DataFile.open(fashion, { labels: true, channels: 3 });
  const indices = firstIndices(count).map((index) => first + index);
  const images = file.readImages(indices);
  const kinds = file.readLabels(indices);
  file.close();
  const labels = new Float32Array(3 * count);
  for (let image = 0; image < count; image++) {
    const kind = kinds.subarray(10 * image, 10 * image + 10).indexOf(1);
    groups.forEach((group, label) => labels[3 * image + label] = Number(group.includes(kind)));
  }
  return { images, labels };
}

/** Writes images with the labels that `change` returns. */
export async function writeClothes(
  path: string,
  [first, count]: readonly [number, number],
  change: (label: number, index: number) => number = (label) => label,
  attributes = { class_names: classes } as Record<string, string[]>,
): Promise<void> {
  const { images, labels } = await clothes(first, count);
  const writer = await ImageFileWriter.create(path, { shape: [3, 32, 32], labelCount: 3, attributes });
  writer.append(images, labels.map(change));
  await writer.finish();
}

const { n_classes: _, latent_channels: __, ...architecture } = smallDensenet;

/** Options of two epochs on the images in `data_path`, in batches of five. */
export function classifierOptions(
  data_path: string,
  save_path: string,
  changes: Partial<TrainDensenetOptions> = {},
): TrainDensenetOptions {
  return {
    ...shortRun(data_path, save_path),
    batch_size: 5,
    lr: 1e-3,
    b1: 0.9,
    b2: 0.999,
    weight_decay: 1e-6,
    recon: "orig",
    pos_weight: "1",
    architecture,
    ...changes,
  };
}
