/** Decodes NIfTI and Analyze volumes. */

import { DataError } from "../errors.ts";
import { readStart } from "./gzip.ts";
import { checkSize, type DecodedImage, type DecodeOptions, makeSamples, type Samples } from "./image.ts";
import { type NiftiHeader, readNiftiHeader } from "./nifti_header.ts";
import { valueReader } from "./nifti_values.ts";
import { linearShade, namedWindows, type WindowChoice } from "./window.ts";

const GZIP = [0x1f, 0x8b];
/** Length of the longest header, that of NIfTI-2. */
const HEADER_SIZE = 544;
/** Steps into which values are divided to find the middle 99 %. */
const STEPS = 65536;

/** Whether the bytes start like a NIfTI or Analyze header, or like gzip data, since most NIfTI files are compressed. */
export function isNifti(bytes: Uint8Array): boolean {
  if (isGzip(bytes)) return true;
  if (bytes.length < 4) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [true, false].some((little) => [348, 540].includes(view.getInt32(0, little)));
}

function isGzip(bytes: Uint8Array): boolean {
  return GZIP.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes a NIfTI volume (.nii, .nii.gz, or .hdr with its .img) or an Analyze volume into its slices along an axis.
 * Slices of higher dimensions, for instance of time, follow one another. Of the two other axes the first runs to the
 * right and the second upwards. `options.turned` first turns the volume by its header, so that its axes run to the
 * patient's right, front and head; without it, and in volumes without an orientation, they are the stored ones.
 *
 * Values are mapped to gray by the chosen window, by the header's range for display if there is one, or by the smallest
 * and the largest value of the whole volume.
 *
 * @throws {DataError} if the file is damaged or cut short, its values are not gray or colours, it claims more than
 * `maxPixels` pixels, or its .img file is missing
 */
export async function decodeNifti(
  bytes: Uint8Array,
  maxPixels: number,
  options: DecodeOptions = {},
): Promise<DecodedImage[]> {
  const header = readNiftiHeader(isGzip(bytes) ? await readStart(bytes, HEADER_SIZE) : bytes);
  const stored = storedAxes(header, options.turned ?? false);
  const axis = options.axis ?? 2;
  const [across, up] = [0, 1, 2].filter((other) => other !== axis) as [number, number];
  const count = header.size.reduce((product, size) => product * size, 1);
  const [width, height] = [stored[across]!.size, stored[up]!.size];
  checkSize(width, height, count / width / height, maxPixels);
  const content = await readContent(bytes, header, count, options);
  const samples = header.components === 1
    ? toGray(header, content, count, options.window)
    : withoutAlpha(content.subarray(header.offset), count, header.components);
  const images = slices(header, samples, stored[axis]!, stored[across]!, stored[up]!);
  if (!options.skipBlank) return images;
  const filled = images.filter(({ pixels, channels }) =>
    pixels.some((level, i) => level !== pixels[i % channels])
  );
  if (filled.length === 0) throw new DataError(`all of its ${images.length} slices are blank`);
  return filled;
}

/** An axis of a volume: its length, and the distance of adjacent voxels in the stored order, in voxels. */
interface Axis {
  size: number;
  stride: number;
  isFlipped: boolean;
}

/** The axes in the order in which they count: as they are stored, or turned as the patient lies. */
function storedAxes({ size, turn }: NiftiHeader, isTurned: boolean): Axis[] {
  const strides = [1, size[0]!, size[0]! * size[1]!];
  const { axes, flipped } = isTurned && turn ? turn : { axes: [0, 1, 2], flipped: [false, false, false] };
  return axes.map((axis, index) => ({
    size: size[axis]!,
    stride: strides[axis]!,
    isFlipped: flipped[index]!,
  }));
}

async function readContent(
  bytes: Uint8Array,
  header: NiftiHeader,
  count: number,
  { readCompanion }: DecodeOptions,
): Promise<Uint8Array> {
  const end = header.offset + count * header.components * header.bytes;
  const source = header.isPair ? await readCompanion?.() : bytes;
  if (!source) {
    throw new DataError("its values are in a separate .img file, which is missing beside it");
  }
  const content = isGzip(source) ? await readStart(source, end) : source;
  if (content.length < end) throw new DataError("it is cut short");
  return content;
}

function withoutAlpha(content: Uint8Array, count: number, components: 3 | 4): Samples {
  const colours = new Uint8Array(3 * count);
  for (let i = 0, from = 0; i < colours.length; i += 3, from += components) {
    colours.set(content.subarray(from, from + 3), i);
  }
  return colours;
}

/** Scales the values of a whole volume to 0 … `largest`. */
function toGray(header: NiftiHeader, content: Uint8Array, count: number, window?: WindowChoice): Samples {
  const largest = largestOf(header);
  const gray = makeSamples(count, largest);
  const valueAt = valueReader(content, header);
  const shadeOf = chosenShade(header, valueAt, count, window);
  for (let i = 0; i < count; i++) {
    const level = shadeOf(valueAt(i)) * largest;
    // NaN becomes black, since `NaN > 0` is false.
    gray[i] = level > 0 ? Math.round(Math.min(largest, level)) : 0;
  }
  return gray;
}

function chosenShade(
  header: NiftiHeader,
  valueAt: (index: number) => number,
  count: number,
  window?: WindowChoice,
): (value: number) => number {
  if (typeof window === "object") return linearShade(window);
  if (window !== undefined && window !== "auto") return linearShade(namedWindows[window]);
  const [low, high] = window === "auto"
    ? middleOf(valueAt, count)
    : header.display ?? rangeOf(valueAt, count);
  const factor = high > low ? 1 / (high - low) : 0;
  return (value) => (value - low) * factor;
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

/** The range of the middle 99 % of a volume's finite values, to 1/65536 of their whole range. */
function middleOf(valueAt: (index: number) => number, count: number): [number, number] {
  const [low, high] = rangeOf(valueAt, count);
  if (!(high > low)) return [low, high];
  const steps = new Float64Array(STEPS + 1);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const step = Math.round((valueAt(i) - low) / (high - low) * STEPS);
    if (!(step >= 0 && step <= STEPS)) continue;
    steps[step]!++;
    total++;
  }
  const after = (counts: Float64Array) => {
    let passed = 0;
    return counts.findIndex((count) => (passed += count) > 0.005 * total);
  };
  const valueOf = (step: number) => low + (high - low) * step / STEPS;
  return [valueOf(after(steps)), valueOf(STEPS - after(steps.toReversed()))];
}

function largestOf(header: NiftiHeader): 255 | 65535 {
  return header.bytes === 1 ? 255 : 65535;
}

function slices(header: NiftiHeader, samples: Samples, along: Axis, across: Axis, up: Axis): DecodedImage[] {
  const channels = header.components === 1 ? 1 : 3;
  const [width, height] = [across.size, up.size];
  const largest = largestOf(header);
  const images: DecodedImage[] = [];
  const position = ({ size, stride, isFlipped }: Axis, index: number) =>
    (isFlipped ? size - 1 - index : index) * stride * channels;
  const volumeSize = width * height * along.size * channels;
  for (let volume = 0; volume < samples.length; volume += volumeSize) {
    for (let slice = 0; slice < along.size; slice++) {
      const pixels = makeSamples(width * height * channels, largest);
      let to = 0;
      for (let y = height - 1; y >= 0; y--) {
        const row = volume + position(along, slice) + position(up, y);
        for (let x = 0; x < width; x++) {
          const from = row + position(across, x);
          for (let channel = 0; channel < channels; channel++) pixels[to++] = samples[from + channel]!;
        }
      }
      images.push({ width, height, channels, largest, pixels, frame: images.length });
    }
  }
  return images;
}
