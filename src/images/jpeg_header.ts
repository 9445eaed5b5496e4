/** Reads the headers of JPEG, lossless JPEG and JPEG-LS images. */

import { DataError } from "../errors.ts";

/** The header of a JPEG, lossless JPEG or JPEG-LS image (ITU-T T.81 B.2.2, T.87 C.2.2). */
export interface JpegHeader {
  /** Second byte of the marker that starts the frame: 0xc0 baseline … 0xc3 lossless, 0xf7 JPEG-LS. */
  frame: number;
  /** Bits per sample. */
  precision: number;
  width: number;
  height: number;
  components: number;
  /** Number of scans. */
  scans: number;
  /** Whether the image has an end marker. */
  isEnded: boolean;
  /** Segments of application data: second byte of the marker, and positions in bytes. */
  application: { marker: number; start: number; end: number }[];
}

const RESTART = 0xd0,
  END_OF_IMAGE = 0xd9,
  START_OF_SCAN = 0xda,
  FIRST_APPLICATION = 0xe0,
  LAST_APPLICATION = 0xef;
/** Markers that start a frame. The other markers of this range define tables. */
const frames = [0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf, 0xf7];

/** Each scan of a progressive image covers the whole image, which costs time. Usual programs write about ten. */
const MAX_SCANS = 100;

/**
 * Reads the header of a JPEG image, up to its first scan, and counts its scans.
 *
 * @throws {DataError} if the header is damaged or cut short, or the image has more than 100 scans
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let found: Pick<JpegHeader, "frame" | "precision" | "width" | "height" | "components"> | undefined;
  const application: JpegHeader["application"] = [];
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1]!;
    // Markers may be padded; like libjpeg, stray bytes before them and markers without content are skipped.
    if (
      bytes[at] !== 0xff || marker === 0xff || marker === 0 || marker === 1 || (marker & 0xf8) === RESTART
    ) {
      at++;
      continue;
    }
    const end = at + 2 + (bytes[at + 2]! << 8 | bytes[at + 3]!);
    if (marker === START_OF_SCAN) {
      if (!found) throw new DataError("it is damaged: its JPEG header does not state a size");
      return { ...found, application, ...countScans(bytes, at) };
    }
    if (frames.includes(marker) && end <= bytes.length) found = readFrame(bytes, at);
    if (marker >= FIRST_APPLICATION && marker <= LAST_APPLICATION) {
      application.push({ marker, start: at, end });
    }
    at = end;
  }
  throw new DataError("it is cut short");
}

function readFrame(bytes: Uint8Array, at: number) {
  return {
    frame: bytes[at + 1]!,
    precision: bytes[at + 4]!,
    height: bytes[at + 5]! << 8 | bytes[at + 6]!,
    width: bytes[at + 7]! << 8 | bytes[at + 8]!,
    components: bytes[at + 9]!,
  };
}

function countScans(bytes: Uint8Array, first: number): { scans: number; isEnded: boolean } {
  let scans = 0;
  let isEnded = false;
  for (let at = bytes.indexOf(0xff, first); at >= 0 && !isEnded; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] === START_OF_SCAN) scans++;
    isEnded = bytes[at + 1] === END_OF_IMAGE;
  }
  if (scans > MAX_SCANS) throw new DataError(`it has ${scans} scans; the limit is ${MAX_SCANS}`);
  return { scans, isEnded };
}
