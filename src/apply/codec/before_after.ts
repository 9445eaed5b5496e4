/** What a codec learnt: its reconstructions of a data file before and after training, measured and drawn. */

import { BatchLoader } from "../../data/loader.ts";
import { resolveDataFile } from "../../data/locate.ts";
import { normalisationFor } from "../../data/normalisation.ts";
import { Gpu } from "../../gpu/device.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { encodePng } from "../../io/png.ts";
import { meanSquaredError, psnr, toPixels } from "../../metrics/psnr.ts";
import { indexBitsPerPixel, valuesPerIndex } from "../../models/vqvae/configuration.ts";
import { Vqvae } from "../../models/vqvae/model.ts";
import { comparison } from "../../report/grid.ts";
import { Codec } from "../../trained/codec.ts";
import { readCodec } from "../../trained/codec_file.ts";
import type { Values } from "../../trained/network.ts";

const batchSize = 16;
/** The most images in the picture. */
const maximumShown = 10;

export interface BeforeAfterOptions {
  /** The trained codec's file. */
  checkpoint: string;
  /** The seed from which its training drew the first weights. */
  seed: number;
  /** An HDF5 file, or a folder in which the validation file has its usual name. */
  data_path: string;
  /** Part of the usual file names. */
  dataset: string;
  /** Part of the usual file names. */
  view: string;
  /** The side of the images in pixels; part of the usual file names. */
  size: number;
  /** A PNG file for some originals above their reconstructions. */
  picture: string;
  /** An index in the list of adapters, or part of a name; default: the fastest. */
  adapter?: string;
}

export interface BeforeAfter {
  images: number;
  /** Means over the images of the PSNR on 8-bit pixels, in decibels. */
  psnr: { before: number; after: number };
  /** Input values for each code index. */
  valuesPerIndex: number;
  /** Bits of plain code indices for each pixel. */
  bitsPerPixel: number;
}

/**
 * Reconstructs the images of a data file with a codec's first and with its trained weights, and draws some of the
 * latter.
 *
 * @throws {DataError} if a file cannot be read or written; one line that names it
 */
export async function compareBeforeAfter(options: BeforeAfterOptions): Promise<BeforeAfter> {
  const { checkpoint, seed, data_path, picture, adapter } = options;
  const trained = await readCodec(checkpoint);
  const { configuration } = trained;
  const untrained = { configuration, weights: new Vqvae(configuration).set.initialValues(seed) };
  const channels = configuration.in_channel;
  const data = await resolveDataFile(data_path, { ...options, split: "valid" });
  using loader = await BatchLoader.open(data, { channels, batchSize, dropLast: false, shuffle: false, seed });
  const gpu = await Gpu.open({ adapter });
  try {
    using first = new Codec(gpu, untrained);
    const before = await meanPsnr(first, loader);
    using last = new Codec(gpu, trained);
    const shown = new ShownPictures(loader);
    const after = await meanPsnr(last, loader, shown);
    await shown.write(picture);
    return {
      images: loader.info.count,
      psnr: { before, after },
      valuesPerIndex: valuesPerIndex(configuration),
      bitsPerPixel: indexBitsPerPixel(configuration),
    };
  } finally {
    gpu.close();
  }
}

/** The mean PSNR of the reconstructions of every image, in the file's order. */
async function meanPsnr(codec: Codec, loader: BatchLoader, shown?: ShownPictures): Promise<number> {
  const { channels, height, width } = loader.info;
  const length = channels * height * width;
  let [images, sum] = [0, 0];
  for await (const batch of loader.epoch(0)) {
    const reconstructions = await codec.reconstruct(batch.images, { count: batch.count, height, width });
    const [original, reconstruction] = [batch.images, reconstructions].map((values) =>
      toPixels(values, channels, height * width)
    );
    for (let start = 0; start < batch.count * length; start += length) {
      const image = [original!, reconstruction!].map((pixels) => pixels.subarray(start, start + length));
      sum += psnr(meanSquaredError(image[0]!, image[1]!));
    }
    images += batch.count;
    shown?.add(batch.images, reconstructions, batch.count);
  }
  return sum / images;
}

/** Images that are evenly spread over a file, with their reconstructions. */
class ShownPictures {
  private readonly originals: Values;
  private readonly reconstructions: Values;
  private readonly length: number;
  private readonly shown: number;
  private seen = 0;

  constructor(private readonly loader: BatchLoader) {
    const { count, channels, height, width } = loader.info;
    this.length = channels * height * width;
    this.shown = Math.min(maximumShown, count);
    this.originals = new Float32Array(this.shown * this.length);
    this.reconstructions = new Float32Array(this.shown * this.length);
  }

  /** Takes the next batch of the file. */
  add(originals: Values, reconstructions: Values, count: number): void {
    const { length, shown } = this;
    const total = this.loader.info.count;
    for (let image = 0; image < count; image++, this.seen++) {
      const position = Math.floor(this.seen * shown / total);
      if (this.seen !== Math.ceil(position * total / shown)) continue;
      const [start, end] = [image * length, (image + 1) * length];
      this.originals.set(originals.subarray(start, end), position * length);
      this.reconstructions.set(reconstructions.subarray(start, end), position * length);
    }
  }

  /** Writes a PNG file. */
  async write(path: string): Promise<void> {
    const { channels, height, width } = this.loader.info;
    const { mean, deviation: std } = normalisationFor(channels)!;
    const drawn = comparison(this.originals, this.reconstructions, { channels, height, width, mean, std });
    await writeFileAtomic(path, encodePng(drawn));
  }
}
