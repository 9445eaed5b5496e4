/** Conversion between the normalised images that a codec takes and pictures of 8-bit pixels. */

import type { DatasetInfo } from "../../data/hdf5_file.ts";
import { integerNormalisation, writeIntegers } from "../../data/pixels.ts";
import { pixelPair, type Pixels } from "../../metrics/pictures.ts";

/** How the images of one data file are normalised. */
export class PictureFormat {
  /** [C, H, W] of an image as the codec takes it. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /**
   * Whether the reader repeats normalised grey values for each channel. All channels then have the normalisation of
   * grey images, whereas other values are normalised for each channel when they are read.
   */
  private readonly repeatsFloats: boolean;

  constructor({ channels, height, width, fileChannels, isNormalisedByReader }: DatasetInfo) {
    this.shape = [channels, height, width];
    this.repeatsFloats = !isNormalisedByReader && fileChannels < channels;
  }

  /** The pixels of an image [C, H, W] and of its reconstruction; see {@linkcode pixelPair}. */
  pair(
    image: Float32Array,
    reconstruction: Float32Array,
    pictureChannels?: Pixels["channels"],
  ): { original: Pixels; reconstruction: Pixels } {
    const [channels, height, width] = this.shape;
    if (!this.repeatsFloats) return pixelPair(image, reconstruction, this.shape, pictureChannels);
    const [one, other] = [image, reconstruction].map((each) => meanOfChannels(each, channels));
    return pixelPair(one!, other!, [1, height, width]);
  }

  /** Normalises a picture's pixels and writes them to an image [C, H, W]. */
  write({ data }: Pixels, image: Float32Array): void {
    const [channels, height, width] = this.shape;
    const plane = height * width;
    const normalised = this.repeatsFloats ? 1 : channels;
    writeIntegers(new Uint8Array(data), image, plane, integerNormalisation("uint8", normalised)!);
    for (let end = normalised * plane; end < image.length; end += plane) image.copyWithin(end, 0, plane);
  }
}

function meanOfChannels(image: Float32Array, channels: number): Float32Array {
  const plane = image.length / channels;
  const mean = new Float32Array(plane);
  for (let index = 0; index < image.length; index++) mean[index % plane]! += image[index]! / channels;
  return mean;
}
