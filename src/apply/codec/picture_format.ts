/** How the images of a data file are pictures: normalised numbers as a codec takes them, and pixels of 8 bits. */

import type { DatasetInfo } from "../../data/hdf5_file.ts";
import { integerNormalisation, writeIntegers } from "../../data/pixels.ts";
import { pixelPair, type Pixels } from "../../metrics/pictures.ts";

export class PictureFormat {
  /** [C, H, W] of an image as the codec takes it. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /**
   * Gray floats are repeated as they are, so that all channels have the normalisation of gray images; integers get each
   * channel's own when they are read.
   */
  private readonly repeatsFloats: boolean;

  constructor({ channels, height, width, fileChannels, dtype }: DatasetInfo) {
    this.shape = [channels, height, width];
    this.repeatsFloats = dtype.startsWith("float") && fileChannels < channels;
  }

  /** Pixels of an image [C, H, W] and its reconstruction; see {@linkcode pixelPair}. */
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

  /** Writes a picture's pixels to an image [C, H, W], normalised. */
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
