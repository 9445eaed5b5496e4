import { Decoder as LosslessDecoder } from "jpeg-lossless-decoder-js";
import { DataError } from "../errors.ts";
import { halvedToRgb, interleave, toRgb } from "./dicom_colours.ts";
import type { PixelFormat } from "./dicom_format.ts";
import { decodeRle } from "./dicom_rle.ts";
import type { Samples } from "./image.ts";
import { decodeBaseline } from "./jpeg.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg_header.ts";
import { readJpeg2000Header } from "./jpeg2000_header.ts";
import { decodeInWebAssembly } from "./webassembly.ts";

type FrameDecoder = (bytes: Uint8Array, format: PixelFormat) => Samples | Promise<Samples>;

/** The transfer syntaxes that are read, by what follows `1.2.840.10008.1.2` (PS3.5, section 10). */
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
  ".5": (bytes, format) => inColours(decodeRle(bytes, format), format),
};
const ROOT = "1.2.840.10008.1.2";

/** The second byte of the markers that begin a lossless frame and a JPEG-LS frame. */
const LOSSLESS_FRAME = 0xc3, JPEG_LS_FRAME = 0xf7;

/**
 * Decodes one frame.
 *
 * @returns its samples as they are stored, rows from the top, those of a pixel side by side; colours as RGB
 * @throws DataError where the frame is damaged or compressed in a way that is not read
 */
export async function decodeFrame(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const { transferSyntax } = format;
  const decoder = transferSyntax.startsWith(ROOT) ? decoders[transferSyntax.slice(ROOT.length)] : undefined;
  if (!decoder) throw new DataError(`its transfer syntax ${transferSyntax || "is missing and"} is not read`);
  return await decoder(bytes, format);
}

function decodePlain(bytes: Uint8Array, format: PixelFormat): Samples {
  const samples = fromBytes(bytes.slice(), format.bitsAllocated);
  if (format.photometric === "YBR_FULL_422") return halvedToRgb(samples, format.bitsStored);
  return inColours(format.planar ? interleave(samples) : samples, format);
}

function decodeBigEndian(bytes: Uint8Array, format: PixelFormat): Samples {
  if (format.bitsAllocated === 8) return decodePlain(bytes, format);
  const turned = bytes.slice();
  for (let i = 0; i < turned.length; i += 2) [turned[i], turned[i + 1]] = [turned[i + 1]!, turned[i]!];
  return decodePlain(turned, format);
}

function decodeLossless(bytes: Uint8Array, format: PixelFormat): Samples {
  const header = readJpegHeader(bytes);
  checkHeader(header, format);
  const { frame, precision, width, height, components } = header;
  if (frame !== LOSSLESS_FRAME || (components === 3 && precision > 8)) {
    throw new DataError(`its lossless JPEG of ${components} components of ${precision} bits is not read`);
  }
  const width8 = precision > 8 ? 2 : 1;
  const whole = bytes.slice();
  const samples = new LosslessDecoder().decode(whole.buffer, 0, whole.length, width8);
  if (samples?.length !== width * height * components) throw new DataError("it ends before its pixels do");
  return inColours(widen(samples as Samples, format), format);
}

async function decodeJpeg(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const header = readJpegHeader(bytes);
  checkHeader(header, format);
  const marked = format.samples === 3 ? markColours(bytes, header, format.photometric) : bytes;
  return widen(await decodeBaseline(marked, header), format);
}

async function decodeJpegLs(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const header = readJpegHeader(bytes);
  if (header.frame !== JPEG_LS_FRAME) {
    throw new DataError("it is damaged: its compressed picture is no JPEG-LS");
  }
  checkHeader(header, format);
  const { data, bits, planar } = await decodeInWebAssembly("JpegLSDecoder", bytes, header);
  const samples = fromBytes(data, bits > 8 ? 16 : 8);
  return inColours(widen(planar && format.samples === 3 ? interleave(samples) : samples, format), format);
}

async function decodeJpeg2000(bytes: Uint8Array, format: PixelFormat): Promise<Samples> {
  const header = readJpeg2000Header(bytes);
  checkHeader(header, format);
  const { data, bits } = await decodeInWebAssembly("J2KDecoder", bytes, header);
  const samples = widen(fromBytes(data, bits > 8 ? 16 : 8), format);
  return header.isTransformed ? samples : inColours(samples, format);
}

/** Refuses a compressed frame that is not of the size that the data set says, before it takes any memory. */
function checkHeader(
  header: { width: number; height: number; components: number; precision: number },
  format: PixelFormat,
): void {
  const { width, height, components, precision } = header;
  const { columns, rows, samples, bitsAllocated } = format;
  if (width !== columns || height !== rows || components !== samples || precision > bitsAllocated) {
    throw new DataError(
      `it is damaged: its compressed picture is ${width}×${height}×${components} of ${precision} bits ` +
        `instead of ${columns}×${rows}×${samples} of ${bitsAllocated}`,
    );
  }
}

/**
 * Writes into a JPEG picture which colours it is in, if its own marker (Adobe's) does not say so: a decoder would
 * otherwise go by signs, where DICOM goes by the photometric interpretation (PS3.5, 8.2.1).
 */
function markColours(bytes: Uint8Array, { application }: JpegHeader, photometric: string): Uint8Array {
  const JFIF = 0xe0, ADOBE = 0xee;
  const isAdobe = (start: number) => String.fromCharCode(...bytes.subarray(start + 4, start + 9)) === "Adobe";
  if (application.some(({ marker, start }) => marker === ADOBE && isAdobe(start))) return bytes;
  const transform = photometric === "RGB" ? 0 : 1;
  const parts = [[
    0xff,
    0xd8,
    0xff,
    ADOBE,
    0,
    14,
    0x41,
    0x64,
    0x6f,
    0x62,
    0x65,
    0,
    100,
    0,
    0,
    0,
    0,
    transform,
  ]];
  let from = 2;
  // JFIF's marker would outweigh Adobe's.
  for (const { start, end } of application.filter(({ marker }) => marker === JFIF)) {
    parts.push(bytes.subarray(from, start) as unknown as number[]);
    from = end;
  }
  parts.push(bytes.subarray(from) as unknown as number[]);
  const marked = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    marked.set(part, at);
    at += part.length;
  }
  return marked;
}

/** Turns colours, where they are stored as brightness and two differences, into RGB. */
function inColours(samples: Samples, { photometric, bitsStored }: PixelFormat): Samples {
  return photometric === "YBR_FULL" || photometric === "YBR_FULL_422" ? toRgb(samples, bitsStored) : samples;
}

/** Takes bytes, in host order, for samples. */
function fromBytes(bytes: Uint8Array<ArrayBuffer>, bitsAllocated: 8 | 16): Samples {
  return bitsAllocated === 8 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
}

/** Gives samples that a codec found room for in 8 bits the type that the data set says. */
function widen(samples: Samples, format: PixelFormat): Samples {
  return format.bitsAllocated === 16 && samples instanceof Uint8Array ? Uint16Array.from(samples) : samples;
}
