/** Decodes JPEG files. */

import { DataError } from "../errors.ts";
import { checkSize, type DecodedImage, type DecodeOptions, type Samples } from "./image.ts";
import { decodeAnyJpeg } from "./jpeg_decoder.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { orient, readOrientation } from "./orientation.ts";
import { decodeInWebAssembly } from "./webassembly.ts";

/** Frames of the discrete cosine transform with Huffman codes: baseline, extended and progressive. */
const usualFrames = [0xc0, 0xc1, 0xc2];
/** The same with arithmetic codes: extended and progressive. */
const arithmeticFrames = [0xc9, 0xca];

/** Whether the bytes start like a JPEG file. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Decodes a JPEG file to gray or RGB: baseline, extended or progressive, of 8 or 12 bits, with one, three or four
 * components, Huffman or arithmetic codes. Four components are cyan, magenta, yellow and black, as in Pillow. The image
 * is turned as its camera's metadata says, as viewers do.
 *
 * @throws {DataError} if the file is damaged, cut short, of another kind, or claims more than `maxPixels` pixels
 */
export async function decodeJpeg(
  bytes: Uint8Array,
  maxPixels: number,
  { warn }: DecodeOptions = {},
): Promise<DecodedImage> {
  const header = readJpegHeader(bytes);
  const { width, height, components, precision } = header;
  checkSize(width, height, 1, maxPixels);
  const samples = await decodeSamples(bytes, header, warn);
  const largest = precision > 8 ? 65535 : 255;
  const most = 2 ** precision - 1;
  const pixels = most === largest ? samples : samples.map((sample) => Math.round(sample / most * largest));
  const channels = components === 1 ? 1 : 3;
  return orient(
    { width, height, channels, largest, pixels: pixels as Samples },
    readOrientation(bytes, header),
  );
}

/**
 * Decodes the samples of a JPEG image, from 0 to 2^precision − 1. Its own markers say which colour space it has. An
 * image with faults of which libjpeg warns is decoded as by libjpeg, as long as no data is missing.
 *
 * @throws {DataError} if the image is damaged, cut short or of another kind
 */
export async function decodeSamples(
  bytes: Uint8Array,
  header: JpegHeader,
  warn: (text: string) => void = () => {},
): Promise<Samples> {
  const { frame, precision, width, height, components, isEnded } = header;
  const isUsual = usualFrames.includes(frame) && precision === 8 && (components === 1 || components === 3) &&
    isEnded;
  if (!usualFrames.includes(frame) && !arithmeticFrames.includes(frame)) {
    throw new DataError(
      `it is a JPEG image of kind 0x${frame.toString(16)}, expected baseline, extended or progressive`,
    );
  }
  if (isUsual) {
    try {
      return (await decodeInWebAssembly("JPEGDecoder", bytes, { width, height, components })).data;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
  const { samples, isUsualSampling, warnings } = decodeAnyJpeg(bytes);
  if (isUsual && isUsualSampling && warnings.length === 0) {
    warnings.push("its JPEG data has a fault, such as stray bytes or a bad colour profile, which is ignored");
  }
  warnings.forEach(warn);
  return samples;
}
