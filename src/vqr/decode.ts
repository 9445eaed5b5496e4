/** Decodes `.vqr` files of the direct kinds: lossless and bounded. */

import { DataError } from "../errors.ts";
import { Coder } from "./coder.ts";
import { type Container, METADATA, readChunk, readContainer } from "./container.ts";
import type { Header } from "./header.ts";
import { makePixels, pixelsHash, sampleRange, type VqrImage } from "./image.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import { writePlanes } from "./planes.ts";
import { decodeTile } from "./tile_coder.ts";
import { tileAt, tileCount } from "./tiles.ts";

/** The most samples that a call decodes, unless the caller allows more. */
const DEFAULT_SAMPLES = 1 << 28;

/**
 * Opens a file. This reads its header and its table of chunks, and no pixels.
 *
 * @param maximumSamples the most samples that one call may decode, since small files can hold huge images
 * @throws {DataError} if the file is not a `.vqr` file, is damaged, or needs a newer program
 */
export function openVqr(file: Uint8Array, maximumSamples = DEFAULT_SAMPLES): VqrFile {
  const container = readContainer(file);
  const { kind, structure } = container.header;
  if (kind === "lossy" || structure !== "direct") {
    throw new DataError(
      `the .vqr file is ${kind} and ${structure}; this program reads direct files without a model`,
    );
  }
  return new VqrFile(file, container, maximumSamples);
}

/** An open file. */
export class VqrFile {
  readonly header: Header;
  readonly tileCount: number;
  private coder: Coder | undefined;

  constructor(
    private readonly file: Uint8Array,
    private readonly container: Container,
    private readonly maximumSamples: number,
  ) {
    this.header = container.header;
    this.tileCount = tileCount(container.header);
  }

  /**
   * The blocks of metadata.
   *
   * @throws {DataError} if one is damaged
   */
  metadata(): Metadata[] {
    return this.container.others.filter(({ type }) => type === METADATA)
      .map((chunk) => readMetadata(readChunk(this.file, chunk, "a block of metadata")));
  }

  /**
   * Decodes the whole image and checks it against the hash in the file.
   *
   * @throws {DataError} if the file is damaged or the image has more samples than the caller allows
   */
  async decode(): Promise<VqrImage> {
    const image = this.allocate(this.header.width, this.header.height, this.header.frames);
    for (let frame = 0; frame < this.header.frames; frame++) await this.decodeInto(image, frame, frame);
    const hash = await pixelsHash(image.pixels);
    if (hash.some((byte, i) => byte !== this.container.hash[i])) {
      throw new DataError("the .vqr file is damaged: the decoded pixels do not match their hash");
    }
    return image;
  }

  /**
   * Decodes one frame, 0 … frames − 1. The hash of the whole image is not checked.
   *
   * @throws {DataError} if the file is damaged or the frame has more samples than the caller allows
   */
  async decodeFrame(frame: number): Promise<VqrImage> {
    this.check(frame, 0);
    const image = this.allocate(this.header.width, this.header.height, 1);
    await this.decodeInto(image, frame, 0);
    return image;
  }

  /**
   * Decodes one tile of a frame. Tiles count from left to right, then from top to bottom.
   *
   * @throws {DataError} if the file is damaged or the tile has more samples than the caller allows
   */
  async decodeTile(frame: number, index: number): Promise<VqrImage> {
    this.check(frame, index);
    const { width, height } = tileAt(this.header, index);
    const image = this.allocate(width, height, 1);
    const planes = await this.planes(frame, index);
    writePlanes(image.pixels, image, 0, { x: 0, y: 0, width, height }, planes);
    return image;
  }

  private async decodeInto(image: VqrImage, frame: number, to: number): Promise<void> {
    for (let index = 0; index < this.tileCount; index++) {
      writePlanes(image.pixels, image, to, tileAt(this.header, index), await this.planes(frame, index));
    }
  }

  private async planes(frame: number, index: number): Promise<Int32Array[]> {
    const { channels, maxError, bits, signed } = this.header;
    const chunk = this.container.tiles[frame * this.tileCount + index]!;
    const bytes = readChunk(this.file, chunk, `tile ${index} of frame ${frame}`);
    this.coder ??= await Coder.create();
    const shape = { ...tileAt(this.header, index), maxError };
    return decodeTile(this.coder, bytes, shape, channels, ...sampleRange(bits, signed));
  }

  private check(frame: number, index: number): void {
    const { frames } = this.header;
    if (
      !(Number.isInteger(frame) && frame >= 0 && frame < frames && Number.isInteger(index) && index >= 0 &&
        index < this.tileCount)
    ) {
      throw new DataError(
        `the .vqr file has no tile ${index} in frame ${frame}; it has ${frames} frames of ${this.tileCount} tiles`,
      );
    }
  }

  private allocate(width: number, height: number, frames: number): VqrImage {
    const { channels, bits, signed } = this.header;
    const count = width * height * frames * channels;
    if (count > this.maximumSamples) {
      throw new DataError(
        `the .vqr file has ${count} samples to decode; the limit is ${this.maximumSamples}`,
      );
    }
    return { width, height, channels, bits, signed, frames, pixels: makePixels(count, bits, signed) };
  }
}
