/** Decodes the JPEG images that the library in WebAssembly does not take. */

import { DataError } from "../errors.ts";
import { makeSamples, type Samples } from "./image.ts";
import { ArithmeticBlocks, defaultConditioning, readConditioning } from "./jpeg_arithmetic.ts";
import { type CoefficientPlane, factorsOf, makePlanes, visitBlocks, zigzag } from "./jpeg_coefficients.ts";
import { convertColours } from "./jpeg_colours.ts";
import { BitReader, type HuffmanTable, readHuffmanTables } from "./jpeg_huffman.ts";
import { HuffmanBlocks } from "./jpeg_huffman_blocks.ts";
import {
  findMarker,
  type JpegFrame,
  type JpegScan,
  type JpegSegment,
  jpegSegments,
  MARKERS,
  readFrameHeader,
  readScanHeader,
} from "./jpeg_segments.ts";
import { transformPlane } from "./jpeg_transform.ts";
import { upsample } from "./jpeg_upsample.ts";

/** Frames of the discrete cosine transform: with Huffman and with arithmetic codes. */
const SEQUENTIAL = [0xc0, 0xc1, 0xc9], PROGRESSIVE = [0xc2, 0xca], ARITHMETIC = [0xc9, 0xca];

/** A decoded image. */
export interface DecodedJpeg {
  width: number;
  height: number;
  /** 1 for gray, 3 for red, green and blue. */
  channels: 1 | 3;
  /** [height, width, channels], from 0 to 2^precision − 1. */
  samples: Samples;
  /** Whether every component has all samples, or half of them in one or both directions. */
  isUsualSampling: boolean;
  /** What libjpeg warns of, although all data is there. */
  warnings: string[];
}

/**
 * Decodes a JPEG image of 8 or 12 bits with one, three or four components: sequential or progressive, with Huffman or
 * arithmetic codes, any sampling factors that differ by whole factors (ITU-T T.81). Samples equal libjpeg-turbo's with
 * its defaults; four components become red, green and blue as in Pillow.
 *
 * @throws {DataError} if the image is damaged, cut short or of another kind
 */
export function decodeAnyJpeg(bytes: Uint8Array): DecodedJpeg {
  const state = new DecoderState(bytes);
  for (const segment of jpegSegments(bytes)) state.take(segment);
  return state.finish();
}

class DecoderState {
  private readonly quantization: Uint16Array[] = [];
  private readonly dc: HuffmanTable[] = [];
  private readonly ac: HuffmanTable[] = [];
  private readonly conditioning = defaultConditioning();
  private interval = 0;
  private frame?: JpegFrame;
  private planes: CoefficientPlane[] = [];
  /** The quantization tables of the components, as they are when a component's first scan begins. */
  private readonly steps = new Map<CoefficientPlane, Uint16Array>();
  private isProgressive = false;
  private isArithmetic = false;
  private adobeTransform?: number;
  private isJfif = false;
  private lastEnd = 2;

  private readonly warnings: string[] = [];

  constructor(private readonly bytes: Uint8Array) {}

  take({ marker, content, end }: JpegSegment): void {
    this.lastEnd = end;
    if (marker === MARKERS.HUFFMAN) readHuffmanTables(content, this.dc, this.ac);
    else if (marker === MARKERS.QUANTIZATION) readQuantization(content, this.quantization);
    else if (marker === MARKERS.ARITHMETIC) readConditioning(content, this.conditioning);
    else if (marker === MARKERS.RESTART_INTERVAL) this.interval = content[0]! << 8 | content[1]!;
    else if (marker === MARKERS.JFIF) this.isJfif ||= startsWith(content, "JFIF\0");
    else if (marker === MARKERS.ADOBE && startsWith(content, "Adobe")) this.adobeTransform = content[11];
    else if ([...SEQUENTIAL, ...PROGRESSIVE].includes(marker)) this.start(marker, content);
    else if (marker === MARKERS.SCAN) this.scan(content, end);
  }

  private start(marker: number, content: Uint8Array): void {
    if (this.frame) throw new DataError("it is damaged: it has two frames");
    this.frame = readFrameHeader(content);
    const { precision, width, height, components } = this.frame;
    if (precision !== 8 && precision !== 12) {
      throw new DataError(`it is a JPEG image with ${precision} bits per sample, expected 8 or 12`);
    }
    if (components.length === 2 || width === 0 || height === 0) {
      throw new DataError(`it is damaged: its frame is ${width}×${height}×${components.length}`);
    }
    this.isProgressive = PROGRESSIVE.includes(marker);
    this.isArithmetic = ARITHMETIC.includes(marker);
    // A block takes a bit at least, so that a small file cannot claim a large image.
    if (!this.isArithmetic && width * height > 64 * 8 * this.bytes.length) {
      throw new DataError("it is cut short");
    }
    this.planes = makePlanes(this.frame);
  }

  private scan(content: Uint8Array, end: number): void {
    if (!this.frame) throw new DataError("it is damaged: its JPEG header does not state a size");
    const scan = readScanHeader(content, this.frame);
    this.check(scan);
    for (const { index } of scan.components) {
      const plane = this.planes[index]!;
      const steps = this.quantization[plane.component.quantization];
      if (!steps) throw new DataError("it is damaged: a quantization table is missing");
      if (!this.steps.has(plane)) this.steps.set(plane, steps);
      for (let k = scan.first; k <= scan.last; k++) plane.lowest[k] = scan.low;
    }
    const decoder = this.isArithmetic
      ? new ArithmeticBlocks(this.bytes, end, scan, this.conditioning, this.isProgressive)
      : new HuffmanBlocks(new BitReader(this.bytes, end), scan, this.dc, this.ac, this.isProgressive);
    visitBlocks(this.planes, scan, this.interval, decoder);
  }

  /** Checks the range of a scan's coefficients and bits. That of a sequential scan does not matter. */
  private check(scan: JpegScan): void {
    const { first, last, high, low, components } = scan;
    if (!this.isProgressive) {
      if (first !== 0 || last !== 63 || high !== 0 || low !== 0) {
        this.warnings.push("its JPEG scan states another range of coefficients than all; it is read as all");
      }
      Object.assign(scan, { first: 0, last: 63, high: 0, low: 0 });
      return;
    }
    const isValid = first <= last && last < 64 && low < 14 && (high === 0 || high === low + 1) &&
      (first === 0 ? last === 0 : components.length === 1);
    if (!isValid) throw new DataError("it is damaged: a scan is not valid");
  }

  /** The image, after all segments. */
  finish(): DecodedJpeg {
    const { frame, planes } = this;
    if (!frame || planes.some((plane) => !this.steps.has(plane))) throw new DataError("it is cut short");
    this.checkEnd();
    const { across, down } = factorsOf(frame.components);
    const components = planes.map((plane) => {
      const { component: { horizontal, vertical }, width, height, blocksAcross } = plane;
      const samples = transformPlane(plane, this.steps.get(plane)!, frame.precision);
      const enlarged = { samples, stride: 8 * blocksAcross, width, height };
      return upsample(enlarged, across / horizontal, down / vertical, frame.width, frame.height);
    });
    const channels = components.length === 1 ? 1 : 3;
    const samples = makeSamples(frame.width * frame.height * channels, 2 ** frame.precision - 1);
    convertColours(components, samples, frame.precision, this.colourSpace(frame));
    const isUsualSampling = frame.components.every(({ horizontal, vertical }) =>
      across / horizontal <= 2 && down / vertical <= 2
    );
    const { width, height } = frame;
    return { width, height, channels, samples, isUsualSampling, warnings: this.warnings };
  }

  /** An image without its end marker may be cut short without a missing bit, if it is progressive. */
  private checkEnd(): void {
    const at = findMarker(this.bytes, this.lastEnd);
    if (at >= 0 && this.bytes[at + 1] === MARKERS.END) return;
    const isWhole = !this.isArithmetic && this.planes.every(({ lowest }) => lowest.every((bit) => bit === 0));
    if (!isWhole) throw new DataError("it is cut short");
    this.warnings.push("its JPEG image lacks the end marker");
  }

  /** Whether the components are luminance and colour differences, by the rules of libjpeg. */
  private colourSpace({ components }: JpegFrame): "plain" | "ycc" {
    if (components.length === 4) {
      return this.adobeTransform === undefined || this.adobeTransform === 0 ? "plain" : "ycc";
    }
    if (components.length !== 3) return "plain";
    if (this.isJfif) return "ycc";
    if (this.adobeTransform !== undefined) return this.adobeTransform === 0 ? "plain" : "ycc";
    const letters = String.fromCharCode(...components.map(({ id }) => id));
    return letters === "RGB" ? "plain" : "ycc";
  }
}

function startsWith(content: Uint8Array, text: string): boolean {
  return String.fromCharCode(...content.subarray(0, text.length)) === text;
}

/** Reads quantization tables (B.2.4.1) into the order of rows. */
function readQuantization(content: Uint8Array, tables: Uint16Array[]): void {
  for (let at = 0; at < content.length;) {
    const isWide = content[at]! >> 4 !== 0;
    const size = isWide ? 128 : 64;
    const values = content.subarray(at + 1, at + 1 + size);
    if (values.length < size) throw new DataError("it is damaged: a quantization table is cut short");
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k++) {
      table[zigzag[k]!] = isWide ? values[2 * k]! << 8 | values[2 * k + 1]! : values[k]!;
    }
    tables[content[at]! & 15] = table;
    at += 1 + size;
  }
}
