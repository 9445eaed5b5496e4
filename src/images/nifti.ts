/** Decodes NIfTI volumes. */

import { DataError } from "../errors.ts";
import { readStart } from "./gzip.ts";
import { checkSize, type DecodedImage, makeSamples } from "./image.ts";
import { type NiftiHeader, readNiftiHeader, valueReader } from "./nifti_header.ts";

const GZIP = [0x1f, 0x8b];
/** Length of the longest header, that of NIfTI-2. */
const HEADER_SIZE = 544;

/** Whether the bytes start like a NIfTI file, or like gzip data, since most NIfTI files are compressed. */
export function isNifti(bytes: Uint8Array): boolean {
  if (GZIP.every((byte, index) => bytes[index] === byte)) return true;
  if (bytes.length < 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [true, false].some((little) => [348, 540].includes(view.getInt32(0, little)));
}

/**
 * Decodes a NIfTI volume (.nii or .nii.gz) into its slices along an axis. Slices of higher dimensions, for instance
 * of time, follow one another. Of the two other axes the first runs to the right and the second upwards, so that the
 * front or the top of the head is at the top if the volume is stored in the usual order. The volume is not rotated.
 *
 * Values are mapped to gray by the header's range for display if there is one, otherwise by the smallest and the
 * largest value of the whole volume.
 *
 * @throws {DataError} if the file is damaged or cut short, its values are not gray or RGB, or it claims more than
 * `maxPixels` pixels
 */
export async function decodeNifti(
  bytes: Uint8Array,
  maxPixels: number,
  axis: 0 | 1 | 2,
): Promise<DecodedImage[]> {
  const isCompressed = bytes[0] === GZIP[0];
  const header = readNiftiHeader(isCompressed ? await readStart(bytes, HEADER_SIZE) : bytes);
  const [across, up] = [0, 1, 2].filter((other) => other !== axis) as [number, number];
  const count = header.size.reduce((product, size) => product * size, 1);
  checkSize(
    header.size[across]!,
    header.size[up]!,
    count / header.size[across]! / header.size[up]!,
    maxPixels,
  );
  const end = header.offset + count * header.components * header.bytes;
  const content = isCompressed ? await readStart(bytes, end) : bytes;
  if (content.length < end) throw new DataError("it is cut short");
  return slices(header, toGray(header, content, count), axis, across, up);
}

/** Scales the values of a whole volume to 0 … `largest`. Colours are not changed. */
function toGray(header: NiftiHeader, content: Uint8Array, count: number): DecodedImage["pixels"] {
  if (header.components === 3) return content.slice(header.offset, header.offset + 3 * count);
  const largest = largestOf(header);
  const gray = makeSamples(count, largest);
  const valueAt = valueReader(content, header);
  const [low, high] = header.display ?? rangeOf(valueAt, count);
  const factor = high > low ? largest / (high - low) : 0;
  for (let i = 0; i < count; i++) {
    const shade = (valueAt(i) - low) * factor;
    // NaN becomes black, since `NaN > 0` is false.
    gray[i] = shade > 0 ? Math.round(Math.min(largest, shade)) : 0;
  }
  return gray;
}

/** The smallest and the largest finite value of a volume. */
function rangeOf(valueAt: (index: number) => number, count: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const value = valueAt(i);
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

function largestOf(header: NiftiHeader): 255 | 65535 {
  return header.bytes === 1 ? 255 : 65535;
}

function slices(
  header: NiftiHeader,
  gray: DecodedImage["pixels"],
  axis: number,
  across: number,
  up: number,
): DecodedImage[] {
  const { size, components } = header;
  const strides = [1, size[0]!, size[0]! * size[1]!].map((stride) => stride * components);
  const [width, height] = [size[across]!, size[up]!];
  const largest = largestOf(header);
  const images: DecodedImage[] = [];
  for (let volume = 0; volume < gray.length; volume += strides[2]! * size[2]!) {
    for (let slice = 0; slice < size[axis]!; slice++) {
      const pixels = makeSamples(width * height * components, largest);
      let to = 0;
      for (let y = height - 1; y >= 0; y--) {
        let from = volume + slice * strides[axis]! + y * strides[up]!;
        for (let x = 0; x < width; x++, from += strides[across]!) {
          for (let channel = 0; channel < components; channel++) pixels[to++] = gray[from + channel]!;
        }
      }
      images.push({ width, height, channels: components, largest, pixels, frame: images.length });
    }
  }
  return images;
}
