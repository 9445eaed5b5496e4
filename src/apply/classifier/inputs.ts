/** Where a trained classifier's inputs come from: a file that holds them, or a codec that makes them of original images. */

import { classNames } from "../../data/class_names.ts";
import { type DatasetInfo, requireDivisible } from "../../data/hdf5_file.ts";
import { BatchLoader } from "../../data/loader.ts";
import { resolveDataFile } from "../../data/locate.ts";
import { DataError } from "../../errors.ts";
import { blockSides } from "../../models/densenet/configuration.ts";
import { latentShape, totalStride } from "../../models/vqvae/configuration.ts";
import { inputChannels, type TrainedClassifier } from "../../trained/classifier.ts";
import type { SavedCodec } from "../../trained/codec.ts";
import { readCodec } from "../../trained/codec_file.ts";
import type { ImageSize } from "../../trained/image_batch.ts";

export interface InputOptions {
  /** An HDF5 file, or a folder in which it is found by its name. */
  data_path: string;
  dataset: string;
  view: string;
  /** Side of the original images; the file's own where it is missing. */
  size?: number;
  /** A codec that makes reconstructions or latents of original images. */
  vqvae_file?: string;
  batch_size: number;
}

/** An open file whose images, or what a codec makes of them, a classifier takes. */
export interface InputSource {
  loader: BatchLoader;
  /** What makes the inputs of the file's images; the file holds the inputs themselves where it is missing. */
  codec?: { path: string; saved: SavedCodec };
  /** Of the inputs. */
  size: ImageSize;
}

/** Whether a codec is needed for a classifier's inputs. */
function isMade({ input }: TrainedClassifier, { vqvae_file }: InputOptions): boolean {
  return vqvae_file !== undefined && input !== "orig";
}

/** The kind of file that a classifier's inputs come from. */
export function sourceKind(trained: TrainedClassifier, options: InputOptions): TrainedClassifier["input"] {
  return isMade(trained, options) ? "orig" : trained.input;
}

/**
 * Finds and opens the validation file for a classifier, in the file's order, and checks that its images and labels fit.
 *
 * @throws DataError naming the file, or the codec's, and what does not fit
 */
export async function openSource(trained: TrainedClassifier, options: InputOptions): Promise<InputSource> {
  const { data_path, dataset, view, size, vqvae_file, batch_size } = options;
  const codec = isMade(trained, options)
    ? { path: vqvae_file!, saved: await readCodec(vqvae_file!) }
    : undefined;
  const kind = sourceKind(trained, options);
  const file = await resolveDataFile(data_path, { dataset, view, size: size ?? 256, split: "valid", kind });
  const loader = await BatchLoader.open(file, {
    channels: codec ? codec.saved.configuration.in_channel : inputChannels(trained.configuration),
    labels: true,
    unlabelled: true,
    size: kind === "latent" ? undefined : size,
    batchSize: batch_size,
    dropLast: false,
    shuffle: false,
    seed: 0,
  });
  try {
    const source = { loader, codec, size: inputSize(trained, loader.info, codec?.saved) };
    requireFittingImages(trained, source);
    requireFittingLabels(trained, loader.info);
    return source;
  } catch (error) {
    loader.close();
    throw error;
  }
}

function inputSize(
  { input }: TrainedClassifier,
  { height, width }: DatasetInfo,
  codec?: SavedCodec,
): ImageSize {
  if (!codec || input !== "latent") return { height, width };
  const [, latentHeight, latentWidth] = latentShape(codec.configuration, { height, width });
  return { height: latentHeight, width: latentWidth };
}

function requireFittingImages({ path, configuration, input }: TrainedClassifier, source: InputSource): void {
  const { loader: { info }, codec, size } = source;
  const channels = inputChannels(configuration);
  if (codec) {
    requireDivisible(info, totalStride(codec.saved.configuration));
    const { in_channel, embed_dim } = codec.saved.configuration;
    const made = input === "latent" ? 2 * embed_dim : in_channel;
    if (made !== channels) {
      throw new DataError(
        `${codec.path}: makes ${made} channels, expected ${channels} as ${path} was trained on`,
      );
    }
  } else if (input === "latent" && info.fileChannels !== channels) {
    throw new DataError(
      `${info.path}: latents have ${info.fileChannels} channels, expected ${channels} as ${path} was trained on`,
    );
  }
  const { height, width } = size;
  if ([height, width].some((side) => blockSides(configuration, side).some((inside) => inside < 1))) {
    throw new DataError(
      `${info.path}: inputs of ${height} by ${width} are too small for the classifier ${path}, which halves them ${
        configuration.block_layers.length + 1
      } times`,
    );
  }
}

/** Labels must be as many as the classifier's classes and, where both sides name them, in the same order. */
function requireFittingLabels({ path, classNames: own }: TrainedClassifier, info: DatasetInfo): void {
  if (info.labelCount !== own.length) {
    throw new DataError(
      `${info.path}: has ${info.labelCount} labels an image, expected ${own.length} as the classifier ${path}`,
    );
  }
  const others = classNames(info);
  if (!others || isNumbered(own)) return;
  const index = others.findIndex((name, index) => name !== own[index]);
  if (index < 0) return;
  throw new DataError(
    `${info.path}: label ${index + 1} is "${others[index]}", expected "${
      own[index]
    }" as in the classifier ${path}`,
  );
}

/** The names of a classifier's classes; those of the file where the classifier has only numbers for them. */
export function namesFor({ classNames: own }: TrainedClassifier, info: DatasetInfo): readonly string[] {
  return isNumbered(own) ? classNames(info) ?? own : own;
}

/** Whether nobody named the classes. */
function isNumbered(names: readonly string[]): boolean {
  return names.every((name, index) => name === `class ${index + 1}`);
}
