/** Encodes images to `.vqr` files of the direct kinds: lossless and bounded. */

import { DataError } from "../errors.ts";
import { Coder, type Effort } from "./coder.ts";
import { type Chunk, METADATA, TILE, writeContainer } from "./container.ts";
import { checkHeader, type Header } from "./header.ts";
import { checkPixels, makePixels, type Pixels, pixelsHash, sampleRange, type VqrImage } from "./image.ts";
import { type Metadata, writeMetadata } from "./metadata.ts";
import { readPlanes, writePlanes } from "./planes.ts";
import { decodeTile, encodeTile } from "./tile_coder.ts";
import { tileAt, tileCount } from "./tiles.ts";

export interface EncodeOptions {
  /** Largest difference of a decoded sample from the original; default: 0, lossless. */
  maxError?: number;
  /** Default: `"fast"`. `"best"` makes smaller files and takes about twice as long to decode, longer to encode. */
  effort?: Effort;
  /** Width and height of tiles, in pixels; default: 1024. */
  tileSize?: number;
  metadata?: Metadata[];
}

/**
 * Encodes an image.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openVqr } from "./decode.ts";
 *
 * const image = { width: 2, height: 1, channels: 1, bits: 8, signed: false, frames: 1, pixels: Uint8Array.of(3, 9) };
 * const file = await encodeVqr(image);
 * assertEquals((await openVqr(file).decode()).pixels, image.pixels);
 * ```
 *
 * @throws {DataError} if the pixels do not have the size and the range that the image states
 */
export async function encodeVqr(
  image: VqrImage,
  options: EncodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxError = 0, effort = "fast", tileSize = 1024, metadata = [] } = options;
  const { width, height, channels, bits, signed, frames } = image;
  const header: Header = {
    kind: maxError === 0 ? "lossless" : "bounded",
    structure: "direct",
    channels,
    bits,
    signed,
    width,
    height,
    frames,
    tileWidth: Math.min(tileSize, width),
    tileHeight: Math.min(tileSize, height),
    maxError,
  };
  checkHeader(header);
  checkPixels(image);
  const coder = await Coder.create();
  const [least, most] = sampleRange(bits, signed);
  // What a decoder will return, for the hash. Lossless files return the pixels themselves.
  const decoded = maxError === 0 ? image.pixels : makePixels(image.pixels.length, bits, signed);
  const chunks: Chunk[] = metadata.map((block) => ({ type: METADATA, bytes: writeMetadata(block) }));
  for (let frame = 0; frame < frames; frame++) {
    for (let index = 0; index < tileCount(header); index++) {
      const tile = tileAt(header, index);
      const shape = { ...tile, maxError };
      const bytes = encodeTile(coder, readPlanes(image, frame, tile), shape, effort);
      if (maxError > 0) {
        writePlanes(decoded, header, frame, tile, decodeTile(coder, bytes, shape, channels, least, most));
      }
      chunks.push({ type: TILE, bytes });
    }
  }
  if (maxError > 0) checkBound(image.pixels, decoded, maxError);
  return writeContainer(header, chunks, await pixelsHash(decoded));
}

function checkBound(pixels: Pixels, decoded: Pixels, maxError: number): void {
  for (let i = 0; i < pixels.length; i++) {
    if (Math.abs(pixels[i]! - decoded[i]!) > maxError) {
      throw new DataError(`sample ${i} differs by more than ${maxError} after encoding; please report this`);
    }
  }
}
