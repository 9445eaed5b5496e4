/** Where the tiles of an image lie. */

import type { Header } from "./header.ts";

export interface Tile {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** How many tiles a frame has. Those at the right and lower edge may be smaller. */
export function tileCount({ width, height, tileWidth, tileHeight }: Header): number {
  return Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
}

/** The tile at an index: from left to right, then from top to bottom. */
export function tileAt({ width, height, tileWidth, tileHeight }: Header, index: number): Tile {
  const across = Math.ceil(width / tileWidth);
  const x = (index % across) * tileWidth;
  const y = Math.floor(index / across) * tileHeight;
  return { x, y, width: Math.min(tileWidth, width - x), height: Math.min(tileHeight, height - y) };
}
