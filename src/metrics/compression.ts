/** How much smaller code indices are than the images that they stand for. */

import type { CodeCounts } from "./codes.ts";

/** What a set of images and its codes are. */
export interface Compressed {
  images: number;
  /** Pixels of one image. */
  pixels: number;
  /** Values of one image as the codec takes it: channels · height · width. */
  values: number;
  /** Bits of the numbers in the source file, and channels of its images. */
  sourceBits: number;
  sourceChannels: number;
  /** Channels of the images as pictures, on average: 1 where they are gray, whatever the file repeats. */
  pictureChannels: number;
  /** The codebooks' counts over all images. */
  books: readonly CodeCounts[];
}

/** Compression, as the original repository counts it and in bits. */
export interface Compression {
  /** Input values for each code index, whatever a value or an index takes. */
  valuesPerIndex: number;
  /** ⌈log2 codes⌉ bits for each index. */
  plainBitsPerPixel: number;
  /**
   * The order-0 bound: the entropies of the codebooks' counts. No code that writes each index by itself takes fewer bits; one that makes use of
   * neighbours may.
   */
  orderZeroBitsPerPixel: number;
  /** The file's own numbers. */
  sourceBitsPerPixel: number;
  /** 8 bits for each channel of a picture. */
  pictureBitsPerPixel: number;
}

export function compression(of: Compressed): Compression {
  const pixels = of.images * of.pixels;
  const indices = sum(of.books.map(({ total }) => total));
  return {
    valuesPerIndex: of.images * of.values / indices,
    plainBitsPerPixel: sum(of.books.map((book) => book.total * bitsOf(book.counts.length))) / pixels,
    orderZeroBitsPerPixel: sum(of.books.map((book) => book.total * book.entropy)) / pixels,
    sourceBitsPerPixel: of.sourceBits * of.sourceChannels,
    pictureBitsPerPixel: 8 * of.pictureChannels,
  };
}

/** Bits that any one of `choices` can be told in. */
function bitsOf(choices: number): number {
  return Math.max(1, Math.ceil(Math.log2(choices)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
