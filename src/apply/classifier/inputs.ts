/** The source of a classifier's inputs: a file that holds them, or a codec that makes them from original images. */

import { classNames } from "../../data/class_names.ts";
import type { FileLayout } from "../../data/dataset_info.ts";
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

/** Where to find a classifier's inputs. */
export interface InputOptions extends FileLayout {
  /** An HDF5 file, or a folder in which the file has its usual name. */
  data_path: string;
  /** Part of the usual file names. */
  dataset: string;
  /** Part of the usual file names. */
  view: string;
  /** The side of the original images in pixels; default: the file's own. */
  size?: number;
  /** A codec's file, to make reconstructions or latents from original images. */
  vqvae_file?: string;
  /** Images in a batch. */
  batch_size: number;
}

/** An open data file, and the codec that makes a classifier's inputs from its images, if one is needed. */
export interface InputSource {
  loader: BatchLoader;
  /** The codec; undefined if the file holds the inputs themselves. */
  codec?: CodecFile;
  /** Height and width of the inputs; for latents, the latents' own. */
  size: ImageSize;
}

/** Whether a codec makes the classifier's inputs. */
function needsCodec({ input }: TrainedClassifier, { vqvae_file }: InputOptions): boolean {
  return vqvae_file !== undefined && input !== "orig";
}

/** What the data file for a classifier must hold. */
export function sourceKind(trained: TrainedClassifier, options: InputOptions): TrainedClassifier["input"] {
  return needsCodec(trained, options) ? "orig" : trained.input;
}

/** A codec and its file. */
export interface CodecFile {
  path: string;
  saved: SavedCodec;
}

/** A function that reads the codec of `vqvae_file` when it is first called. */
export function codecReader(
  { vqvae_file }: InputOptions,
  note: (text: string) => void,
): () => Promise<CodecFile> {
  let reading: Promise<CodecFile> | undefined;
  return () => reading ??= readCodec(vqvae_file!, note).then((saved) => ({ path: vqvae_file!, saved }));
}

/**
 * Finds and opens the validation file for a classifier and checks that its images and labels fit. Batches come in the
 * file's order. The caller closes the loader.
 *
 * @param readOnce the {@linkcode codecReader} that all classifiers of an evaluation share
 * @throws {DataError} if a file is missing or does not fit; one line that names it
 */
export async function openSource(
  trained: TrainedClassifier,
  options: InputOptions,
  readOnce: () => Promise<CodecFile>,
): Promise<InputSource> {
  const { data_path, dataset, view, size, batch_size, images_key, labels_key, input_range } = options;
  const codec = needsCodec(trained, options) ? await readOnce() : undefined;
  const kind = sourceKind(trained, options);
  const file = await resolveDataFile(data_path, { dataset, view, size: size ?? 256, split: "valid", kind });
  const loader = await BatchLoader.open(file, {
    channels: codec ? codec.saved.configuration.in_channel : inputChannels(trained.configuration),
    labels: true,
    unlabelled: true,
    images_key,
    labels_key,
    input_range,
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
        `${codec.path}: makes ${made} channels, expected ${channels}, on which ${path} was trained`,
      );
    }
  } else if (input === "latent" && info.fileChannels !== channels) {
    throw new DataError(
      `${info.path}: latents have ${info.fileChannels} channels, expected ${channels}, on which ${path} was trained`,
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

/**
 * Checks that the labels are the classifier's classes: the same number, with the same names if both sides have names.
 *
 * @throws {DataError} if they are not
 */
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

/** The names of a classifier's classes; the data file's if the classifier only numbers them. */
export function namesFor({ classNames: own }: TrainedClassifier, info: DatasetInfo): readonly string[] {
  return isNumbered(own) ? classNames(info) ?? own : own;
}

/** Whether the names are the default "class 1", "class 2" … */
function isNumbered(names: readonly string[]): boolean {
  return names.every((name, index) => name === `class ${index + 1}`);
}
