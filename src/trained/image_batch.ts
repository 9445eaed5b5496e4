/** Batches of images of any size, padded to what a model takes and cropped back. */

import type { Values } from "./network.ts";

/** Height and width in pixels. */
export interface ImageSize {
  height: number;
  width: number;
}

/** The shape of a batch of images [count, C, height, width]. */
export interface BatchSize extends ImageSize {
  count: number;
}

/** A batch in words, for names and messages: "2 images of 20 by 17". */
export function batchText({ count, height, width }: BatchSize): string {
  return `${count} ${count === 1 ? "image" : "images"} of ${height} by ${width}`;
}

/** The smallest size that holds `size` and whose sides are multiples of `multiple`. */
export function paddedSize({ height, width }: ImageSize, multiple: number): ImageSize {
  const [paddedHeight, paddedWidth] = [height, width].map((side) => Math.ceil(side / multiple) * multiple);
  return { height: paddedHeight!, width: paddedWidth! };
}

/**
 * Checks that count and sides are whole numbers from 1 on.
 *
 * @throws {RangeError} if one of them is not
 */
export function requireSize(size: BatchSize): void {
  const { count, height, width } = size;
  const isSize = [count, height, width].every((extent) => Number.isSafeInteger(extent) && extent >= 1);
  if (!isSize) throw new RangeError(`${batchText(size)}: expected whole numbers, at least 1`);
}

/**
 * Checks that there is a value for each channel of each pixel of a batch.
 *
 * @throws {RangeError} if there are more or fewer values, or the size is not one
 */
export function requireBatch(images: Values, channels: number, size: BatchSize): void {
  requireSize(size);
  const { count, height, width } = size;
  const expected = count * channels * height * width;
  if (images.length === expected) return;
  throw new RangeError(
    `${images.length} values for images [${count}, ${channels}, ${height}, ${width}]: expected ${expected}`,
  );
}

/**
 * Images [N, height, width] with their last row and column repeated up to `to`. Returns `images` itself if the size
 * fits.
 */
export function padImages(images: Values, { height, width }: ImageSize, to: ImageSize): Values {
  if (height === to.height && width === to.width) return images;
  const planes = images.length / (height * width);
  const padded = new Float32Array(planes * to.height * to.width);
  for (let row = 0; row < planes * to.height; row++) {
    const [plane, y] = [Math.floor(row / to.height), row % to.height];
    const from = (plane * height + Math.min(y, height - 1)) * width;
    const target = padded.subarray(row * to.width, (row + 1) * to.width);
    target.set(images.subarray(from, from + width));
    target.fill(images[from + width - 1]!, width);
  }
  return padded;
}

/** The first rows and columns of images [N, from.height, from.width]; undoes {@linkcode padImages}. */
export function cropImages(images: Values, from: ImageSize, { height, width }: ImageSize): Values {
  if (height === from.height && width === from.width) return images;
  const planes = images.length / (from.height * from.width);
  const cropped = new Float32Array(planes * height * width);
  for (let row = 0; row < planes * height; row++) {
    const [plane, y] = [Math.floor(row / height), row % height];
    const start = (plane * from.height + y) * from.width;
    cropped.set(images.subarray(start, start + width), row * width);
  }
  return cropped;
}
