/** The worker of `hdf5:create`: turns an image file into pixels for the data file. */

import { answerDecodeRequests, type ImageRequest } from "../images/decode_worker.ts";
import { toGray } from "../images/gray.ts";
import { fitSquare } from "../images/resize.ts";
import { largestSample, withWhite } from "./sample_depth.ts";
import { joinPixels, type PixelType, type StoredPixels, storedPixels } from "./stored_image.ts";

/** An image file and how its images are stored. */
export interface StoreRequest extends ImageRequest {
  /** Height and width of the stored images. */
  size: number;
  channels: 1 | 3;
  type: PixelType;
  /** Optional sample that is white in images of 16 bits; see `withWhite`. */
  maxValue?: number;
}

/** A file's images as they are stored. */
export interface StoredImages {
  /** Number of images: one for each frame of the file. */
  frames: number;
  /** The number of each image in its file, from 1. */
  numbers: number[];
  /** [frames, C, size, size]. */
  images: StoredPixels;
  /** The largest sample of images of 16 bits; see `largestSample`. */
  largest?: number;
  /** What is wrong with the file, although it can be read. */
  warnings: string[];
}

answerDecodeRequests<StoreRequest, StoredImages>((request, decoded, warnings) => {
  const { path, size, channels, type, maxValue } = request;
  const images = joinPixels(
    withWhite(path, decoded, maxValue).map((image) =>
      storedPixels(fitSquare(channels === 1 ? toGray(image) : image, size), channels, type)
    ),
  );
  const largest = maxValue === undefined ? largestSample(path, decoded) : undefined;
  const numbers = decoded.map(({ frame }, index) => (frame ?? index) + 1);
  return {
    reply: { frames: decoded.length, numbers, images, largest, warnings },
    transfer: [images.buffer],
  };
});
