/** Walks through the segments of a JPEG image and reads those that our own decoders need. */

import { DataError } from "../errors.ts";

/** A segment: its marker's second byte, its content, and where it ends in the file. */
export interface JpegSegment {
  marker: number;
  content: Uint8Array;
  end: number;
}

/** A component of a frame (ITU-T T.81, B.2.2). */
export interface JpegComponent {
  id: number;
  /** Sampling factors, from 1 to 4. */
  horizontal: number;
  vertical: number;
  /** Number of the quantization table. */
  quantization: number;
}

/** A frame's header. */
export interface JpegFrame {
  precision: number;
  height: number;
  width: number;
  components: JpegComponent[];
}

/** A scan's header (B.2.3): its components with their tables, and the range of coefficients and bits. */
export interface JpegScan {
  components: { index: number; dc: number; ac: number }[];
  /** Ss, or the selection value of lossless images. */
  first: number;
  /** Se. */
  last: number;
  /** Ah. */
  high: number;
  /** Al, or the point transform of lossless images. */
  low: number;
}

/** Second bytes of markers. */
export const MARKERS = {
  HUFFMAN: 0xc4,
  ARITHMETIC: 0xcc,
  RESTART: 0xd0,
  START: 0xd8,
  END: 0xd9,
  SCAN: 0xda,
  QUANTIZATION: 0xdb,
  RESTART_INTERVAL: 0xdd,
  JFIF: 0xe0,
  ADOBE: 0xee,
} as const;

/** The segments of an image after its start, up to its end. Entropy-coded data is skipped. */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  for (let at = findMarker(bytes, 2); at >= 0; at = findMarker(bytes, at)) {
    const marker = bytes[at + 1]!;
    if (marker === MARKERS.END) return;
    at += 2;
    if (marker === MARKERS.START || marker === 1) continue;
    const end = at + (bytes[at]! << 8 | bytes[at + 1]!);
    if (!(end >= at + 2 && end <= bytes.length)) throw new DataError("it is cut short");
    yield { marker, content: bytes.subarray(at + 2, end), end };
    at = end;
  }
}

/** The position of the next marker that is no restart, from a position on; −1 if there is none. */
export function findMarker(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1];
    if (code === undefined) return -1;
    if (code !== 0 && code !== 0xff && (code & 0xf8) !== MARKERS.RESTART) return at;
  }
  return -1;
}

/** Reads the header of a frame. */
export function readFrameHeader(content: Uint8Array): JpegFrame {
  const count = content[5] ?? 0;
  if (count < 1 || count > 4 || content.length < 6 + 3 * count) {
    throw new DataError("it is damaged: its frame is not valid");
  }
  const components = Array.from({ length: count }, (_, index) => {
    const [id, factors, quantization] = content.subarray(6 + 3 * index) as unknown as [
      number,
      number,
      number,
    ];
    return { id, horizontal: factors >> 4, vertical: factors & 15, quantization };
  });
  const isValid = ({ horizontal, vertical }: JpegComponent) =>
    horizontal >= 1 && horizontal <= 4 && vertical >= 1 && vertical <= 4;
  if (!components.every(isValid)) throw new DataError("it is damaged: its sampling factors are not valid");
  return {
    precision: content[0]!,
    height: content[1]! << 8 | content[2]!,
    width: content[3]! << 8 | content[4]!,
    components,
  };
}

/** Reads the header of a scan. */
export function readScanHeader(content: Uint8Array, frame: JpegFrame): JpegScan {
  const count = content[0] ?? 0;
  if (count < 1 || count > 4 || content.length < 4 + 2 * count) {
    throw new DataError("it is damaged: a scan is not valid");
  }
  const components = Array.from({ length: count }, (_, i) => {
    const index = frame.components.findIndex(({ id }) => id === content[1 + 2 * i]);
    if (index < 0) throw new DataError("it is damaged: a scan has an unknown component");
    return { index, dc: content[2 + 2 * i]! >> 4, ac: content[2 + 2 * i]! & 15 };
  });
  const [first, last, bits] = content.subarray(1 + 2 * count) as unknown as [number, number, number];
  return { components, first, last, high: bits >> 4, low: bits & 15 };
}
