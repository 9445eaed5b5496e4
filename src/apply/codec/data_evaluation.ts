/** The evaluation of a codec on one data file. */

import type { DatasetInfo } from "../../data/hdf5_file.ts";
import type { Batch, BatchLoader } from "../../data/loader.ts";
import { requireFinite } from "../../data/pixels.ts";
import { CodeCounts } from "../../metrics/codes.ts";
import { type Compression, compression } from "../../metrics/compression.ts";
import { manipulate, type Manipulation } from "../../metrics/manipulations.ts";
import { measurePicture, type PictureQuality, type Pixels } from "../../metrics/pictures.ts";
import { meanSquaredError } from "../../metrics/psnr.ts";
import { joinKeys, keyOf } from "../../random.ts";
import type { RunContext } from "../../report/run_context.ts";
import type { Codec } from "../../trained/codec.ts";
import type { BatchSize } from "../../trained/image_batch.ts";
import { readImage } from "./data.ts";
import type { FidMeasure } from "./fid.ts";
import { PictureFormat } from "./picture_format.ts";

/** How a codec is measured. */
export interface MeasureOptions {
  /** The codec's file. */
  model: string;
  /** Images in a batch. */
  batch_size: number;
  /** The seed of the noise. */
  seed: number;
  /** Changes of the images, after each of which they are reconstructed and measured once more. */
  manipulations: readonly Manipulation[];
}

/** The quality of reconstructions of changed images. */
export interface ManipulatedQuality {
  manipulation: Manipulation;
  /** The quality of each reconstruction, compared with the changed image from which it was made. */
  images: PictureQuality[];
  /** The mean squared error of the changed images against the unchanged ones, in levels of 8-bit pixels. */
  inputError: number;
  /** The same for their reconstructions. */
  reconstructionError: number;
}

/** A picture and its reconstruction. */
export interface Example {
  /** The image's index in its file, from 0. */
  index: number;
  original: Pixels;
  reconstruction: Pixels;
}

/** The measures on one data file. */
export interface CodecEvaluation {
  /** Unique among the files evaluated together. */
  name: string;
  info: DatasetInfo;
  /** In the file's order. */
  images: PictureQuality[];
  books: Record<"top" | "bottom", CodeCounts>;
  compression: Compression;
  manipulated: ManipulatedQuality[];
  /** The Fréchet Inception Distance; undefined if no weights were given. */
  fid?: number;
  /** The images with the highest, the median and the lowest PSNR. Of an even number, the lower median is taken. */
  examples: Record<"best" | "median" | "worst", Example>;
  /** The median image after each manipulation. */
  manipulatedExamples: Example[];
}

/** The evaluation of one data file while it runs. */
export class DataEvaluation {
  private readonly images: PictureQuality[] = [];
  private readonly books: CodecEvaluation["books"];
  private readonly manipulated: ManipulatedQuality[];
  private readonly format: PictureFormat;
  private pictureChannels = 0;

  constructor(
    private readonly name: string,
    private readonly codec: Codec,
    private readonly loader: BatchLoader,
    private readonly options: MeasureOptions,
    private readonly fid?: FidMeasure,
  ) {
    const { n_embed } = codec.configuration;
    this.books = { top: new CodeCounts(n_embed), bottom: new CodeCounts(n_embed) };
    this.manipulated = options.manipulations.map((manipulation) => ({
      manipulation,
      images: [],
      inputError: 0,
      reconstructionError: 0,
    }));
    this.format = new PictureFormat(loader.info);
  }

  async run({ progress }: Pick<RunContext, "progress">): Promise<CodecEvaluation> {
    const { name, images, books, manipulated, loader: { info } } = this;
    const bar = progress(name, info.count);
    for await (const batch of this.loader.epoch(0)) {
      await this.measure(batch);
      bar.update(images.length);
    }
    bar.finish();
    const [worst, median, best] = ranked(images);
    const examples = {
      best: await this.example(best!),
      median: await this.example(median!),
      worst: await this.example(worst!),
    };
    return {
      name,
      info,
      images,
      books,
      compression: this.compression(),
      manipulated,
      fid: this.fid?.distance(),
      examples,
      manipulatedExamples: await this.manipulatedExamples(examples.median),
    };
  }

  private async measure({ images, indices, count }: Batch): Promise<void> {
    const { reconstruction, topCodes, bottomCodes } = await this.codec.code(images, this.sizeOf(count));
    this.books.top.add(topCodes);
    this.books.bottom.add(bottomCodes);
    const pairs = this.pairs(images, reconstruction, indices);
    await this.fid?.add(pairs);
    const originals = pairs.map((pair) => {
      this.images.push(measurePicture(pair.original, pair.reconstruction));
      this.pictureChannels += pair.original.channels;
      return pair.original;
    });
    for (const each of this.manipulated) await this.measureManipulated(each, originals, indices);
  }

  /** Measures a batch once more after a manipulation. The mean errors are means over the images so far. */
  private async measureManipulated(
    each: ManipulatedQuality,
    originals: readonly Pixels[],
    indices: Uint32Array,
  ): Promise<void> {
    const changed = this.change(originals, each.manipulation, indices);
    const reconstruction = await this.codec.reconstruct(changed, this.sizeOf(originals.length));
    const channels = originals.map((original) => original.channels);
    for (const [position, pair] of this.pairs(changed, reconstruction, indices, channels).entries()) {
      const original = originals[position]!;
      each.images.push(measurePicture(pair.original, pair.reconstruction));
      const share = 1 / each.images.length;
      each.inputError += share * (meanSquaredError(original.data, pair.original.data) - each.inputError);
      each.reconstructionError += share *
        (meanSquaredError(original.data, pair.reconstruction.data) - each.reconstructionError);
    }
  }

  /** Normalised images [count, C, H, W] of changed pictures. */
  private change(
    originals: readonly Pixels[],
    manipulation: Manipulation,
    indices: Uint32Array,
  ): Float32Array<ArrayBuffer> {
    const length = product(this.format.shape);
    const result = new Float32Array(originals.length * length);
    const stream = joinKeys(this.options.seed, keyOf(manipulation.name));
    for (const [position, original] of originals.entries()) {
      const changed = manipulate(original, manipulation, joinKeys(stream, indices[position]!));
      this.format.write(changed, result.subarray(position * length, (position + 1) * length));
    }
    return result;
  }

  /**
   * The pixels of each image of a batch and of its reconstruction.
   *
   * @param channels 1 for each grey picture, if that is known
   * @throws {DataError} if a reconstruction is not finite
   */
  private pairs(
    images: Float32Array,
    reconstructions: Float32Array,
    indices: Uint32Array,
    channels: readonly Pixels["channels"][] = [],
  ) {
    const length = images.length / indices.length;
    return Array.from(indices, (index, position) => {
      const [image, reconstruction] = [images, reconstructions].map((all) =>
        all.subarray(position * length, (position + 1) * length)
      );
      const where = () =>
        `${this.options.model}: its reconstruction of image ${index} of ${this.loader.info.path}`;
      requireFinite(reconstruction!, "value", where);
      return this.format.pair(image!, reconstruction!, channels[position]);
    });
  }

  private sizeOf(count: number): BatchSize {
    const { height, width } = this.loader.info;
    return { count, height, width };
  }

  private compression(): Compression {
    const { info } = this.loader;
    return compression({
      images: info.count,
      pixels: info.height * info.width,
      values: product(this.format.shape),
      sourceBits: Number(/\d+$/.exec(info.dtype)![0]),
      sourceChannels: info.fileChannels,
      pictureChannels: this.pictureChannels / info.count,
      books: [this.books.top, this.books.bottom],
    });
  }

  private async example(index: number): Promise<Example> {
    const image = await readImage(this.loader, index, this.options.batch_size);
    const reconstruction = await this.codec.reconstruct(image, this.sizeOf(1));
    return { index, ...this.format.pair(image, reconstruction) };
  }

  private async manipulatedExamples({ index, original }: Example): Promise<Example[]> {
    const examples: Example[] = [];
    for (const { manipulation } of this.manipulated) {
      const image = this.change([original], manipulation, Uint32Array.of(index));
      const reconstruction = await this.codec.reconstruct(image, this.sizeOf(1));
      examples.push({ index, ...this.format.pair(image, reconstruction, original.channels) });
    }
    return examples;
  }
}

function product(values: readonly number[]): number {
  return values.reduce((total, value) => total * value, 1);
}

/**
 * The indices of the worst, the median and the best image by PSNR. Among equals the first in the file counts as worse.
 */
function ranked(images: readonly PictureQuality[]): [worst: number, median: number, best: number] {
  // Squared errors are compared because the PSNR of identical images is infinite, and Infinity − Infinity is NaN.
  const order = images.map((_, index) => index).sort((a, b) =>
    images[b]!.squaredError - images[a]!.squaredError || a - b
  );
  return [order[0]!, order[Math.floor((order.length - 1) / 2)]!, order.at(-1)!];
}
