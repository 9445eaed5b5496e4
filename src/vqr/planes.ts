/** Between an image, whose channels lie side by side, and the planes of a tile, one for each channel. */

import type { Pixels, VqrImage } from "./image.ts";
import type { Tile } from "./tiles.ts";

/** The planes of a tile, one for each channel. */
export function readPlanes(image: VqrImage, frame: number, tile: Tile): Int32Array<ArrayBuffer>[] {
  const { width, height, channels, pixels } = image;
  return Array.from({ length: channels }, (_, channel) => {
    const plane = new Int32Array(tile.width * tile.height);
    let to = 0;
    for (let y = tile.y; y < tile.y + tile.height; y++) {
      let from = ((frame * height + y) * width + tile.x) * channels + channel;
      for (let x = 0; x < tile.width; x++, from += channels) plane[to++] = pixels[from]!;
    }
    return plane;
  });
}

/** Writes the planes of a tile to their place among pixels. */
export function writePlanes(
  pixels: Pixels,
  image: { width: number; height: number; channels: number },
  frame: number,
  tile: Tile,
  planes: Int32Array[],
): void {
  const { width, height, channels } = image;
  planes.forEach((plane, channel) => {
    let from = 0;
    for (let y = tile.y; y < tile.y + tile.height; y++) {
      let to = ((frame * height + y) * width + tile.x) * channels + channel;
      for (let x = 0; x < tile.width; x++, to += channels) pixels[to] = plane[from++]!;
    }
  });
}
