/** Turns images as the metadata of cameras says. */

import type { DecodedImage } from "./image.ts";
import { makeSamples } from "./image.ts";
import type { JpegHeader } from "./jpeg_header.ts";

/** Tag of the orientation in a directory of TIFF, 1 to 8; 1 is upright. */
const ORIENTATION = 0x0112;
const EXIF = 0xe1;

/** The orientation in the camera's metadata (Exif 2.32, 4.6.4); 1 if there is none. */
export function readOrientation(bytes: Uint8Array, { application }: JpegHeader): number {
  for (const { marker, start, end } of application) {
    if (marker !== EXIF || String.fromCharCode(...bytes.subarray(start + 4, start + 9)) !== "Exif\0") {
      continue;
    }
    return readExifOrientation(bytes.subarray(start + 10, end));
  }
  return 1;
}

/** The orientation of Exif data, which begins like a TIFF file; 1 if there is none. */
export function readExifOrientation(exif: Uint8Array): number {
  if (exif.length < 14) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const little = exif[0] === 0x49;
  if (view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > exif.length) return 1;
  const count = view.getUint16(directory, little);
  for (let at = directory + 2; at + 12 <= exif.length && at < directory + 2 + 12 * count; at += 12) {
    if (view.getUint16(at, little) !== ORIENTATION) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** The image turned and mirrored so that it is upright. */
export function orient(image: DecodedImage, orientation: number): DecodedImage {
  if (orientation === 1) return image;
  const { width, height, channels, pixels, largest } = image;
  const isTurned = orientation >= 5;
  const [newWidth, newHeight] = isTurned ? [height, width] : [width, height];
  const turned = makeSamples(pixels.length, largest);
  // From which side columns and rows of the stored image are taken.
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBottom = [3, 4, 6, 7].includes(orientation);
  for (let y = 0, to = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [along, down] = isTurned ? [y, x] : [x, y];
      const column = fromRight ? width - 1 - along : along;
      const row = fromBottom ? height - 1 - down : down;
      const from = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) turned[to++] = pixels[from + channel]!;
    }
  }
  return { ...image, width: newWidth, height: newHeight, pixels: turned };
}
