/** Samples of fewer bits than their file's type has, such as 12 bits in a PNG file of 16 bits. */

import { DataError } from "../errors.ts";
import type { DecodedImage } from "../images/image.ts";

/** Files whose samples are pixels as they are. Samples of DICOM and NIfTI files are scaled when they are decoded. */
const plainName = /\.(png|tiff?)$/i;

/** The images of 16 bits among a file's images, if their samples are pixels as they are. */
function deepImages(path: string, images: readonly DecodedImage[]): readonly DecodedImage[] {
  return plainName.test(path) ? images.filter(({ largest }) => largest > 255) : [];
}

/** The largest sample of a file's images of 16 bits; undefined if there are none. */
export function largestSample(path: string, images: readonly DecodedImage[]): number | undefined {
  const deep = deepImages(path, images);
  if (deep.length === 0) return undefined;
  let largest = 0;
  for (const { pixels } of deep) {
    for (let index = 0; index < pixels.length; index++) largest = Math.max(largest, pixels[index]!);
  }
  return largest;
}

/**
 * The images, of which those of 16 bits are scaled so that `maxValue` becomes white.
 *
 * @throws {DataError} if a sample is larger
 */
export function withWhite(
  path: string,
  images: readonly DecodedImage[],
  maxValue: number | undefined,
): readonly DecodedImage[] {
  if (maxValue === undefined) return images;
  const largest = largestSample(path, images) ?? 0;
  if (largest > maxValue) {
    throw new DataError(`it has a sample of ${largest}, more than --max_value ${maxValue}`);
  }
  const deep = new Set(deepImages(path, images));
  return images.map((image) => {
    if (!deep.has(image)) return image;
    const pixels = Uint16Array.from(image.pixels, (sample) => Math.round(sample / maxValue * image.largest));
    return { ...image, pixels };
  });
}

/** Finds out whether all images of 16 bits have fewer bits. */
export class SampleDepth {
  private images = 0;
  private largest = 0;

  /** Adds a file's largest sample, if its images have 16 bits. */
  add(largest: number | undefined): void {
    if (largest === undefined) return;
    this.images++;
    this.largest = Math.max(this.largest, largest);
  }

  /** A line that says so; undefined if the samples need all 16 bits, or there are none. */
  note(): string | undefined {
    const { images, largest } = this;
    const bits = Math.max(1, Math.ceil(Math.log2(largest + 1)));
    if (images === 0 || largest === 0 || bits > 15) return undefined;
    const white = 2 ** bits - 1;
    const files = images === 1 ? "the file" : `all ${images} files`;
    return `the largest sample in ${files} of 16 bits is ${largest} of 65535, as in pixels of ${bits} bits, and 65535 ` +
      `is white; if ${white} is white, use --max_value ${white}`;
  }
}
