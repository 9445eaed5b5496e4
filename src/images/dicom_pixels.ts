/** Decodes the frames of DICOM files by their transfer syntax. */

import { Decoder as LosslessDecoder } from "jpeg-lossless-decoder-js";
import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";
import { interleave, toRgb, ybr422ToRgb } from "./dicom_colours.ts";
import type { PixelFormat } from "./dicom_format.ts";
import { decodeRle } from "./dicom_rle.ts";
import type { Samples } from "./image.ts";
import { decodeBaseline } from "./jpeg.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { readJpeg2000Header } from "./jpeg2000_header.ts";
import { decodeInWebAssembly } from "./webassembly.ts";

type FrameDecoder = (bytes: Uint8Array, format: PixelFormat) => Samples | Promise<Samples>;

/** Decoders by transfer syntax, without its common start `1.2.840.10008.1.2` (PS3.5, section 10). */
const decoders: Record<string, FrameDecoder> = {
  "": decodePlain,
  ".1": decodePlain,
  ".1.99": decodePlain,
  ".2": decodeBigEndian,
  ".4.50": decodeJpeg,
  ".4.51": decodeJpeg,
  ".4.57": decodeLossless,
  ".4.70": decodeLossless,
  ".4.80": decodeJpegLs,
  ".4.81": decodeJpegLs,
  ".4.90": decodeJpeg2000,
  ".4.91": decodeJpeg2000,
  ".5": (bytes, format) => asRgb(decodeRle(bytes, format), format),
};
const ROOT = "1.2.840.10008.1.2";

/** Second byte of the markers that start a lossless frame and a JPEG-LS frame. */
const LOSSLESS_FRAME = 0xc3, JPEG_LS_FRAME = 0xf7;

/**
 * Decodes one frame.
 *
 * @returns the stored samples [rows, columns, samples], rows from the top; colours are converted to RGB
 * @throws {DataError} if the frame is damaged, or its compression is not supported
 */
export async function decodeFrame(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const { transferSyntax } = format;
  const decoder = transferSyntax.startsWith(ROOT) ? decoders[transferSyntax.slice(ROOT.length)] : undefined;
  if (!decoder) {
    throw new DataError(
      transferSyntax
        ? `its transfer syntax ${transferSyntax} is not supported`
        : "its transfer syntax is missing",
    );
  }
  return await decoder(bytes, format);
}

function decodePlain(bytes: Uint8Array, format: PixelFormat): Samples {
  const samples = fromBytes(bytes.slice(), format.bitsAllocated);
  if (format.photometric === "YBR_FULL_422") return ybr422ToRgb(samples, format.bitsStored);
  return asRgb(format.planar ? interleave(samples) : samples, format);
}

function decodeBigEndian(bytes: Uint8Array, format: PixelFormat): Samples {
  if (format.bitsAllocated === 8) return decodePlain(bytes, format);
  const swapped = bytes.slice();
  for (let i = 0; i < swapped.length; i += 2) [swapped[i], swapped[i + 1]] = [swapped[i + 1]!, swapped[i]!];
  return decodePlain(swapped, format);
}

function decodeLossless(bytes: Uint8Array, format: PixelFormat): Samples {
  const header = readJpegHeader(bytes);
  checkHeader(header, format);
  const { frame, precision, width, height, components } = header;
  if (frame !== LOSSLESS_FRAME || (components === 3 && precision > 8)) {
    throw new DataError(
      `its lossless JPEG image with ${components} components of ${precision} bits is not supported`,
    );
  }
  const bytesPerSample = precision > 8 ? 2 : 1;
  const whole = bytes.slice();
  const samples = new LosslessDecoder().decode(whole.buffer, 0, whole.length, bytesPerSample);
  if (samples?.length !== width * height * components) throw new DataError("it is cut short");
  return asRgb(widen(samples as Samples, format), format);
}

async function decodeJpeg(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const header = readJpegHeader(bytes);
  checkHeader(header, format);
  const marked = format.samples === 3 ? markColourSpace(bytes, header, format.photometric) : bytes;
  return widen(await decodeBaseline(marked, header), format);
}

async function decodeJpegLs(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const header = readJpegHeader(bytes);
  if (header.frame !== JPEG_LS_FRAME) {
    throw new DataError("it is damaged: its compressed image is not JPEG-LS");
  }
  checkHeader(header, format);
  const { data, bits, planar } = await decodeInWebAssembly("JpegLSDecoder", bytes, header);
  const samples = fromBytes(data, bits > 8 ? 16 : 8);
  return asRgb(widen(planar && format.samples === 3 ? interleave(samples) : samples, format), format);
}

async function decodeJpeg2000(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const header = readJpeg2000Header(bytes);
  checkHeader(header, format);
  const { data, bits } = await decodeInWebAssembly("J2KDecoder", bytes, header);
  const samples = widen(fromBytes(data, bits > 8 ? 16 : 8), format);
  return header.isTransformed ? samples : asRgb(samples, format);
}

/** Checks that a compressed frame has the size that the data set states, before memory is allocated for it. */
function checkHeader(
  header: { width: number; height: number; components: number; precision: number },
  format: PixelFormat,
): void {
  const { width, height, components, precision } = header;
  const { columns, rows, samples, bitsAllocated } = format;
  if (width !== columns || height !== rows || components !== samples || precision > bitsAllocated) {
    throw new DataError(
      `it is damaged: its compressed image is ${width}×${height}×${components} with ${precision} bits, ` +
        `expected ${columns}×${rows}×${samples} with at most ${bitsAllocated}`,
    );
  }
}

/**
 * Adds Adobe's marker with the colour space to a JPEG image that lacks it. Without it a decoder guesses, while in DICOM
 * the photometric interpretation counts (PS3.5, 8.2.1).
 */
function markColourSpace(bytes: Uint8Array, { application }: JpegHeader, photometric: string): Uint8Array {
  const JFIF = 0xe0, ADOBE = 0xee;
  const isAdobe = (start: number) => String.fromCharCode(...bytes.subarray(start + 4, start + 9)) === "Adobe";
  if (application.some(({ marker, start }) => marker === ADOBE && isAdobe(start))) return bytes;
  const transform = photometric === "RGB" ? 0 : 1;
  const name = Array.from("Adobe", (letter) => letter.charCodeAt(0));
  const parts: ArrayLike<number>[] = [
    [0xff, 0xd8],
    [0xff, ADOBE, 0, 14, ...name, 0, 100, 0, 0, 0, 0, transform],
  ];
  let from = 2;
  // JFIF's marker would take precedence over Adobe's.
  for (const { start, end } of application.filter(({ marker }) => marker === JFIF)) {
    parts.push(bytes.subarray(from, start));
    from = end;
  }
  parts.push(bytes.subarray(from));
  return concatenate(parts);
}

/** Converts YBR_FULL to RGB. Other colours stay as they are. */
function asRgb(samples: Samples, { photometric, bitsStored }: PixelFormat): Samples {
  return photometric === "YBR_FULL" || photometric === "YBR_FULL_422" ? toRgb(samples, bitsStored) : samples;
}

/** Interprets bytes in host order as samples. */
function fromBytes(bytes: Uint8Array<ArrayBuffer>, bitsAllocated: 8 | 16): Samples {
  return bitsAllocated === 8 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
}

/** Converts samples that a codec returns as 8 bits to the type that the data set states. */
function widen(samples: Samples, format: PixelFormat): Samples {
  return format.bitsAllocated === 16 && samples instanceof Uint8Array ? Uint16Array.from(samples) : samples;
}
