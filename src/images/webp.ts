/** Decodes WebP files. */

import { DataError } from "../errors.ts";
import { checkSize, type DecodedImage } from "./image.ts";
import { loadFactory } from "./webassembly.ts";

/** What the library returns: samples of red, green, blue and opacity. */
interface WebpLibrary {
  decode(bytes: Uint8Array): { width: number; height: number; data: Uint8ClampedArray } | null;
}

/** Whether the bytes start like a WebP file. */
export function isWebp(bytes: Uint8Array): boolean {
  return letters(bytes, 0) === "RIFF" && letters(bytes, 8) === "WEBP";
}

/**
 * Decodes a WebP file to RGB. Transparency is ignored, like in Pillow's conversion to RGB.
 *
 * @throws {DataError} if the file is damaged, cut short, animated, or claims more than `maxPixels` pixels
 */
export async function decodeWebp(bytes: Uint8Array, maxPixels: number): Promise<DecodedImage> {
  const { width, height } = readSize(bytes);
  checkSize(width, height, 1, maxPixels);
  const library = await loadFactory(
    () => import("@jsquash/webp/webp_dec.js"),
    () => import.meta.resolve("@jsquash/webp/webp_dec.wasm"),
  ) as unknown as WebpLibrary;
  const decoded = library.decode(bytes);
  if (decoded?.width !== width || decoded.height !== height) {
    throw new DataError("it is damaged: its compressed image cannot be decoded");
  }
  const pixels = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels.set(decoded.data.subarray(from, from + 3), to);
  }
  return { width, height, channels: 3, largest: 255, pixels };
}

/** The size that the first chunk states (RFC 9649): lossy, lossless, or extended. */
function readSize(bytes: Uint8Array): { width: number; height: number } {
  if (bytes.length < 30) throw new DataError("it is cut short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (8 + view.getUint32(4, true) > bytes.length) throw new DataError("it is cut short");
  const number24 = (at: number) => view.getUint16(at, true) | bytes[at + 2]! << 16;
  switch (letters(bytes, 12)) {
    case "VP8 ":
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
    }
    case "VP8X":
      if (bytes[20]! & 2) throw new DataError("it is an animated WebP image, which is not supported");
      return { width: number24(24) + 1, height: number24(27) + 1 };
  }
  throw new DataError("it is damaged: its first chunk is not one of a WebP image");
}

function letters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
