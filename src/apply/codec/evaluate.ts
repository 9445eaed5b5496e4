/** Evaluates codecs: how close reconstructions come, how the codebooks are used and how small the codes are, over whole data files. */

import type { DatasetInfo } from "../../data/hdf5_file.ts";
import type { Batch, BatchLoader } from "../../data/loader.ts";
import { requireFinite } from "../../data/pixels.ts";
import { UsageError } from "../../errors.ts";
import { type AdapterDescription, Gpu } from "../../gpu/device.ts";
import { CodeCounts } from "../../metrics/codes.ts";
import { type Compression, compression } from "../../metrics/compression.ts";
import { manipulate, type Manipulation } from "../../metrics/manipulations.ts";
import { measurePicture, type PictureQuality, type Pixels } from "../../metrics/pictures.ts";
import { meanSquaredError } from "../../metrics/psnr.ts";
import type { VqvaeConfiguration } from "../../models/vqvae/configuration.ts";
import { joinKeys, keyOf } from "../../random.ts";
import { Codec } from "../../trained/codec.ts";
import { readCodec } from "../../trained/codec_file.ts";
import type { BatchSize } from "../../trained/image_batch.ts";
import { type CodecDataOptions, findDataFiles, openForCodec, readImage, shortNames } from "./data.ts";
import { FidMeasure } from "./fid.ts";
import { readInception } from "../../trained/inception_file.ts";
import { PictureFormat } from "./picture_format.ts";
import type { RunContext } from "../../report/run_context.ts";

export interface EvaluateCodecOptions extends CodecDataOptions {
  /** The codec's file. */
  model: string;
  batch_size: number;
  /** Of the noise. */
  seed: number;
  manipulations: readonly Manipulation[];
  /** Inception's weights, for the Fréchet Inception Distance. */
  fid_weights?: string;
  adapter?: string;
}

/** How reconstructions of changed images come out. */
export interface ManipulatedQuality {
  manipulation: Manipulation;
  /** Of each image's reconstruction, held against the changed image that the codec was given. */
  images: PictureQuality[];
  /** Mean squared errors of all changed images, and of their reconstructions, against the unchanged ones. */
  inputError: number;
  reconstructionError: number;
}

/** A picture and what the codec makes of it. */
export interface Example {
  /** Where the image stands in its file. */
  index: number;
  original: Pixels;
  reconstruction: Pixels;
}

/** What was measured on one data file. */
export interface CodecEvaluation {
  /** Its own among those evaluated together. */
  name: string;
  info: DatasetInfo;
  images: PictureQuality[];
  books: Record<"top" | "bottom", CodeCounts>;
  compression: Compression;
  manipulated: ManipulatedQuality[];
  /** The Fréchet Inception Distance, where it was asked for. */
  fid?: number;
  /** By PSNR; the median is the lower one of an even number. */
  examples: Record<"best" | "median" | "worst", Example>;
  /** The median image after each manipulation. */
  manipulatedExamples: Example[];
}

export interface CodecOutcome {
  model: string;
  configuration: VqvaeConfiguration;
  evaluations: CodecEvaluation[];
  adapter: AdapterDescription;
}

/**
 * Reconstructs every image of every file once, and once more for each manipulation, and measures it; one batch at a time is in memory.
 *
 * @throws UsageError or DataError, one line naming the option or file
 */
export async function evaluateCodec(
  options: EvaluateCodecOptions,
  context: Pick<RunContext, "progress">,
): Promise<CodecOutcome> {
  const saved = await readCodec(options.model);
  const files = await findDataFiles(options);
  const names = shortNames(files);
  const loaders: BatchLoader[] = [];
  try {
    const { size, batch_size: batchSize } = options;
    for (const file of files) loaders.push(await openForCodec(file, saved, { size, batchSize }));
    const fidWeights = await readFidWeights(options, loaders);
    const gpu = await Gpu.open({ adapter: options.adapter });
    const fid = fidWeights && new FidMeasure(gpu, fidWeights);
    try {
      using codec = new Codec(gpu, saved);
      const evaluations: CodecEvaluation[] = [];
      for (const [index, loader] of loaders.entries()) {
        const one = new DataEvaluation(names[index]!, codec, loader, options, fid);
        evaluations.push(await one.run(context));
      }
      const { configuration } = saved;
      return { model: options.model, configuration, evaluations, adapter: gpu.adapter };
    } finally {
      fid?.close();
      gpu.close();
    }
  } finally {
    for (const loader of loaders) loader.close();
  }
}

async function readFidWeights({ fid_weights }: EvaluateCodecOptions, loaders: readonly BatchLoader[]) {
  if (fid_weights === undefined) return undefined;
  const single = loaders.find(({ info }) => info.count < 2)?.info;
  if (single) {
    throw new UsageError(`--fid_weights ${fid_weights}: needs two images, but ${single.path} holds 1`);
  }
  return await readInception(fid_weights);
}

/** The evaluation of one data file as it goes. */
class DataEvaluation {
  private readonly images: PictureQuality[] = [];
  private readonly books: CodecEvaluation["books"];
  private readonly manipulated: ManipulatedQuality[];
  private readonly format: PictureFormat;
  private pictureChannels = 0;

  constructor(
    private readonly name: string,
    private readonly codec: Codec,
    private readonly loader: BatchLoader,
    private readonly options: EvaluateCodecOptions,
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

  /** Measures a batch once more, after a manipulation; the mean errors are means over the images so far. */
  private async measureManipulated(
    each: ManipulatedQuality,
    originals: readonly Pixels[],
    indices: Uint32Array,
  ): Promise<void> {
    const changed = this.change(originals, each.manipulation, indices);
    const reconstruction = await this.codec.reconstruct(changed, this.sizeOf(originals.length));
    const channels = originals.map((original) => original.channels);
    for (const [place, pair] of this.pairs(changed, reconstruction, indices, channels).entries()) {
      const original = originals[place]!;
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
    for (const [place, original] of originals.entries()) {
      const changed = manipulate(original, manipulation, joinKeys(stream, indices[place]!));
      this.format.write(changed, result.subarray(place * length, (place + 1) * length));
    }
    return result;
  }

  /** Pixels of each image of a batch and of its reconstruction; `channels` says which are gray, if that is known. */
  private pairs(
    images: Float32Array,
    reconstructions: Float32Array,
    indices: Uint32Array,
    channels: readonly Pixels["channels"][] = [],
  ) {
    const length = images.length / indices.length;
    return Array.from(indices, (index, place) => {
      const [image, reconstruction] = [images, reconstructions].map((all) =>
        all.subarray(place * length, (place + 1) * length)
      );
      const where = () =>
        `${this.options.model}: its reconstruction of image ${index} of ${this.loader.info.path}`;
      requireFinite(reconstruction!, "value", where);
      return this.format.pair(image!, reconstruction!, channels[place]);
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

/** Indices of the worst, the median and the best image by PSNR; among equals the one that comes first in the file counts as worse. */
function ranked(images: readonly PictureQuality[]): [worst: number, median: number, best: number] {
  // Infinity minus itself is no order.
  const order = images.map((_, index) => index).sort((a, b) =>
    images[b]!.squaredError - images[a]!.squaredError || a - b
  );
  return [order[0]!, order[Math.floor((order.length - 1) / 2)]!, order.at(-1)!];
}
