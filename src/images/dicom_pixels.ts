/** Decodes the frames of DICOM files by their transfer syntax. */

import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";
import { interleave, toRgb, ybr422ToRgb } from "./dicom_colours.ts";
import type { PixelFormat, StoredFrame, StoredSamples } from "./dicom_format.ts";
import { decodeRle } from "./dicom_rle.ts";
import type { Warn } from "./dicom_values.ts";
import type { Samples } from "./image.ts";
import { decodeSamples } from "./jpeg.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { decodeLosslessJpeg } from "./jpeg_lossless.ts";
import { readJpeg2000Header } from "./jpeg2000_header.ts";
import { decodeInWebAssembly } from "./webassembly.ts";

type FrameDecoder = (
  bytes: Uint8Array,
  format: PixelFormat,
  warn: Warn,
) => StoredFrame | Promise<StoredFrame>;

/** Decoders by transfer syntax, without its common start `1.2.840.10008.1.2` (PS3.5, section 10). */
const decoders: Record<string, FrameDecoder> = {
  "": decodePlain,
  ".1": decodePlain,
  ".1.99": decodePlain,
  ".2": decodePlain,
  ".4.50": decodeJpeg,
  ".4.51": decodeJpeg,
  ".4.57": decodeLossless,
  ".4.70": decodeLossless,
  ".4.80": decodeJpegLs,
  ".4.81": decodeJpegLs,
  ".4.90": decodeJpeg2000,
  ".4.91": decodeJpeg2000,
  ".4.201": decodeHighThroughput,
  ".4.202": decodeHighThroughput,
  ".4.203": decodeHighThroughput,
  ".5": decodeRuns,
};
const ROOT = "1.2.840.10008.1.2";

/** Second byte of the markers that start a lossless frame and a JPEG-LS frame. */
const LOSSLESS_FRAME = 0xc3, JPEG_LS_FRAME = 0xf7;

/**
 * Decodes one frame. Colours are converted to RGB.
 *
 * @throws {DataError} if the frame is damaged, or its compression is not supported
 */
export async function decodeFrame(bytes: Uint8Array, format: PixelFormat, warn: Warn): Promise<StoredFrame> {
  const { transferSyntax } = format;
  const decoder = transferSyntax.startsWith(ROOT) ? decoders[transferSyntax.slice(ROOT.length)] : undefined;
  if (!decoder) {
    throw new DataError(
      transferSyntax
        ? `its transfer syntax ${transferSyntax} is not supported`
        : "its transfer syntax is missing",
    );
  }
  return await decoder(bytes, format, warn);
}

function decodePlain(bytes: Uint8Array, format: PixelFormat): StoredFrame {
  const samples = fromBytes(bytes.slice(), format);
  if (format.photometric === "YBR_FULL_422") {
    return { samples: ybr422ToRgb(asIntegers(samples), format.bitsStored) };
  }
  return { samples: asRgb(format.planar ? interleave(samples) : samples, format, format.bitsStored) };
}

function decodeRuns(bytes: Uint8Array, format: PixelFormat): StoredFrame {
  return { samples: asRgb(decodeRle(bytes, format), format, format.bitsStored) };
}

function decodeLossless(bytes: Uint8Array, format: PixelFormat): StoredFrame {
  const header = readJpegHeader(bytes);
  checkHeader(header, format);
  if (header.frame !== LOSSLESS_FRAME) {
    throw new DataError("it is damaged: its compressed image is not lossless JPEG with Huffman codes");
  }
  const { precision } = header;
  return { samples: asRgb(decodeLosslessJpeg(bytes), format, precision), precision };
}

async function decodeJpeg(bytes: Uint8Array, format: PixelFormat, warn: Warn): Promise<StoredFrame> {
  const header = readJpegHeader(bytes);
  checkHeader(header, format);
  const marked = format.samples === 3 ? markColourSpace(bytes, header, format.photometric) : bytes;
  return { samples: await decodeSamples(marked, readJpegHeader(marked), warn), precision: header.precision };
}

async function decodeJpegLs(bytes: Uint8Array, format: PixelFormat): Promise<StoredFrame> {
  const header = readJpegHeader(bytes);
  if (header.frame !== JPEG_LS_FRAME) {
    throw new DataError("it is damaged: its compressed image is not JPEG-LS");
  }
  if (!header.isEnded) throw new DataError("it is cut short");
  checkHeader(header, format);
  const { data, bits, planar } = await decodeInWebAssembly("JpegLSDecoder", bytes, header);
  const samples = toSamples(data, bits);
  const interleaved = planar && format.samples === 3 ? interleave(samples) : samples;
  return { samples: asRgb(interleaved, format, header.precision), precision: header.precision };
}

function decodeJpeg2000(bytes: Uint8Array, format: PixelFormat): Promise<StoredFrame> {
  return decodeCodestream("J2KDecoder", bytes, format);
}

function decodeHighThroughput(bytes: Uint8Array, format: PixelFormat): Promise<StoredFrame> {
  return decodeCodestream("HTJ2KDecoder", bytes, format);
}

async function decodeCodestream(
  decoder: "J2KDecoder" | "HTJ2KDecoder",
  bytes: Uint8Array,
  format: PixelFormat,
): Promise<StoredFrame> {
  const header = readJpeg2000Header(bytes);
  checkHeader(header, format);
  const { precision, isSigned, isTransformed } = header;
  const { data, bits } = await decodeInWebAssembly(decoder, bytes, header);
  const samples = toSamples(data, bits);
  return { samples: isTransformed ? samples : asRgb(samples, format, precision), precision, isSigned };
}

/**
 * Checks that a compressed frame has the size that the data set states, before memory is allocated for it. Its
 * precision counts where the data set states another one (PS3.5, 8.2).
 */
function checkHeader(
  header: { width: number; height: number; components: number; precision: number },
  format: PixelFormat,
): void {
  const { width, height, components, precision } = header;
  const { columns, rows, samples } = format;
  if (width !== columns || height !== rows || components !== samples || precision > 16) {
    throw new DataError(
      `it is damaged: its compressed image is ${width}×${height}×${components} with ${precision} bits, ` +
        `expected ${columns}×${rows}×${samples} with at most 16`,
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
function asRgb<T extends StoredSamples>(samples: T, { photometric }: PixelFormat, bits: number): T | Samples {
  return photometric === "YBR_FULL" || photometric === "YBR_FULL_422"
    ? toRgb(asIntegers(samples), bits)
    : samples;
}

/** Interprets bytes in host order as samples. */
function fromBytes(bytes: Uint8Array<ArrayBuffer>, { bitsAllocated, isFloat }: PixelFormat): StoredSamples {
  switch (bitsAllocated) {
    case 64:
      return new Float64Array(bytes.buffer, 0, bytes.length >> 3);
    case 32:
      return isFloat
        ? new Float32Array(bytes.buffer, 0, bytes.length >> 2)
        : new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
    default:
      return toSamples(bytes, bitsAllocated);
  }
}

/** Interprets bytes in host order as samples of up to 16 bits. */
function toSamples(bytes: Uint8Array<ArrayBuffer>, bits: number): Samples {
  return bits <= 8 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
}

function asIntegers(samples: StoredSamples): Samples {
  if (samples instanceof Uint8Array || samples instanceof Uint16Array) return samples;
  throw new DataError("its YBR colours have samples of more than 16 bits, which is not supported");
}
