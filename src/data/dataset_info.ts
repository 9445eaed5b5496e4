/** What a data file holds, and what a reader expects of it. */

import { DataError } from "../errors.ts";
import type { Hdf5Dataset } from "./hdf5_dataset.ts";
import { attributesOf, type Hdf5Handle } from "./hdf5_library.ts";
import type { ResolvedObject } from "./hdf5_links.ts";
import { chooseScale, type InputScale } from "./input_range.ts";
import { Labels } from "./labels.ts";
import { splitNames } from "./name_list.ts";
import { normalisationFor } from "./normalisation.ts";

/** What a data file holds, as it is read. */
export interface DatasetInfo {
  path: string;
  /** Number of images. */
  count: number;
  /** Channels of an image as it is read: the requested number, or the file's own. */
  channels: number;
  height: number;
  width: number;
  /** Labels per image; 0 if labels are not read. */
  labelCount: number;
  /** Channels of an image in the file: 1 if grayscale is repeated. */
  fileChannels: number;
  /** Type of the numbers in the file: float16, float32, float64, or an integer type such as uint8. */
  dtype: string;
  /** Whether values are normalised when they are read; otherwise the file holds normalised values. */
  isNormalisedByReader: boolean;
  /** Attributes of the file, the labels and the images. For equal names the images take precedence, then the labels. */
  attributes: Record<string, unknown>;
  /** What the user must know about how the file is read, each in one line. */
  notes: readonly string[];
}

/** How a data file differs from the usual layout. The names are those of the commands' options. */
export interface FileLayout {
  /** Optional name of the dataset of images, with slashes for groups; default: `img`. */
  images_key?: string;
  /** Optional name of the dataset of labels; default: `labels`. */
  labels_key?: string;
  /**
   * Optional values of black and white, such as `0..1`, or `normalized`; default: `auto`, which decides by the file's
   * attributes, the type of its numbers and a sample of its images.
   */
  input_range?: string;
}

/** What a reader expects of a data file, and what it reads. */
export interface DataFileOptions extends FileLayout {
  /** Optional number of channels; grayscale is repeated to that number. Default: the file's own. */
  channels?: number;
  /** Optional: whether labels are required (true), read if present ("optional") or not read (false, the default). */
  labels?: boolean | "optional";
  /** Optional: whether a label may be NaN, which means unknown; default: false. Infinity is never allowed. */
  unlabelled?: boolean;
  /** Optional height and width that images must have; default: any. */
  size?: number;
}

/** The names of the datasets in the usual layout. */
export const usualKeys = { images: "img", labels: "labels" };

/** The datasets of a data file and where they were found. */
export interface OpenDatasets {
  images: Hdf5Dataset;
  imagesAt: ResolvedObject;
  labels?: Hdf5Dataset;
  labelsAt?: ResolvedObject;
}

/** A data file's description and how its rows are read. */
export interface Description {
  info: DatasetInfo;
  scale: InputScale;
  /** Whether images are stored as [H, W, C]. */
  isChannelsLast: boolean;
  labels?: Labels;
}

/**
 * Checks the shapes and types of a file's datasets and decides how they are read.
 *
 * @throws {DataError} if they are not what `options` ask for
 */
export function describe(file: Hdf5Handle, datasets: OpenDatasets, options: DataFileOptions): Description {
  const { path } = file;
  const { images } = datasets;
  const key = options.images_key ?? usualKeys.images;
  const fail = (message: string) => new DataError(`${path}: ${message}`);
  const { count, fileChannels, height, width, isChannelsLast } = imageShape(images, options, fail, key);
  const channels = options.channels ?? fileChannels;
  if (fileChannels !== 1 && fileChannels !== channels) {
    throw fail(`images have ${fileChannels} channels, expected ${channels === 1 ? "1" : `1 or ${channels}`}`);
  }
  const { size } = options;
  if (size !== undefined && (height !== size || width !== size)) {
    throw fail(`images are ${height} by ${width}, expected ${size} by ${size}`);
  }
  const { imagesAt, labelsAt } = datasets;
  const attributes = {
    ...attributesOf(file, "/"),
    ...(labelsAt ? attributesOf(labelsAt.file, `/${labelsAt.name}`) : {}),
    ...attributesOf(imagesAt.file, `/${imagesAt.name}`),
  };
  const stored = { path, name: key, dataset: images, channels: fileChannels, attributes };
  const scale = chooseScale(stored, options.input_range);
  if (scale.by && !normalisationFor(channels)) {
    throw fail(
      `"${key}" holds ${images.elementType} with ${channels} channels, expected 1 or 3 to normalise`,
    );
  }
  const labels = datasets.labels && new Labels(datasets.labels, {
    path,
    name: options.labels_key ?? usualKeys.labels,
    count,
    namedClasses: countNames(attributes.class_names),
    mayBeUnknown: options.unlabelled ?? false,
  });
  const layoutNote = isChannelsLast
    ? `${path}: "${key}" has shape [${images.shape.join(", ")}], which is read as [N, H, W, C]`
    : undefined;
  const info: DatasetInfo = {
    path,
    count,
    channels,
    height,
    width,
    labelCount: labels?.labelCount ?? 0,
    fileChannels,
    dtype: images.elementType,
    isNormalisedByReader: scale.by !== undefined,
    attributes,
    notes: [layoutNote, scale.note, labels?.note].filter((note) => note !== undefined),
  };
  return { info, scale, isChannelsLast, labels };
}

interface ImageShape {
  count: number;
  fileChannels: number;
  height: number;
  width: number;
  isChannelsLast: boolean;
}

function imageShape(
  { shape }: Hdf5Dataset,
  { channels }: DataFileOptions,
  fail: (message: string) => DataError,
  key: string,
): ImageShape {
  if (shape.length !== 3 && shape.length !== 4) {
    throw fail(`"${key}" has shape [${shape.join(", ")}], expected [N, C, H, W] or [N, H, W]`);
  }
  if (shape.includes(0)) throw fail(`"${key}" has shape [${shape.join(", ")}], expected at least one image`);
  const [count, second, third, fourth] = shape as [number, number, number, number];
  if (shape.length === 3) {
    return { count, fileChannels: 1, height: second, width: third, isChannelsLast: false };
  }
  // Channels are 1 or 3, or those that the caller expects, as in latents. Images are larger than that.
  const isPlausible = (size: number) => size === 1 || size === 3;
  if (
    !isPlausible(second) && second !== channels && isPlausible(fourth) && Math.min(second, third) > fourth
  ) {
    return { count, fileChannels: fourth, height: second, width: third, isChannelsLast: true };
  }
  return { count, fileChannels: second, height: third, width: fourth, isChannelsLast: false };
}

function countNames(value: unknown): number | undefined {
  if (typeof value === "string") return splitNames(value).length;
  return Array.isArray(value) ? value.length : undefined;
}
