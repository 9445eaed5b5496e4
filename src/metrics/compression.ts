/** Compression rates of code indices, compared with the images that they encode. */

import type { CodeCounts } from "./codes.ts";

/** A set of images and its codes. */
export interface Compressed {
  images: number;
  /** Pixels of one image. */
  pixels: number;
  /** Values of one image as the input of the codec: channels · height · width. */
  values: number;
  /** Bits per value in the source file. */
  sourceBits: number;
  /** Channels of the images in the source file. */
  sourceChannels: number;
  /** Mean number of distinct channels: an image whose three channels are equal is gray and counts as 1. */
  pictureChannels: number;
  /** The counts of each codebook's codes over all images. */
  books: readonly CodeCounts[];
}

/** Compression rates. Bits per pixel are averages over all images. */
export interface Compression {
  /** Input values per code index, regardless of their sizes in bits. This is how the original repository counts. */
  valuesPerIndex: number;
  /** With ⌈log₂ codes⌉ bits for each index. */
  plainBitsPerPixel: number;
  /**
   * With the entropy of each codebook's counts for each index. This is a lower bound for coders that write each index
   * independently; a coder that uses an index's neighbours as context may need fewer bits.
   */
  orderZeroBitsPerPixel: number;
  /** Of the source file. */
  sourceBitsPerPixel: number;
  /** With 8 bits for each distinct channel. */
  pictureBitsPerPixel: number;
}

/** Computes the compression rates of a set of images. */
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

/** The bits that are needed to distinguish `choices` values; at least 1. */
function bitsOf(choices: number): number {
  return Math.max(1, Math.ceil(Math.log2(choices)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
