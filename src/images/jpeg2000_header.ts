/** Reads the headers of JPEG 2000 codestreams. */

import { DataError } from "../errors.ts";

/** The header of a JPEG 2000 codestream (ITU-T T.800, A.5 and A.6). */
export interface Jpeg2000Header {
  width: number;
  height: number;
  components: number;
  /** Bits per sample of the component that has most. */
  precision: number;
  /** Whether samples are in two's complement. */
  isSigned: boolean;
  /** Whether decoding converts the components to red, green and blue. */
  isTransformed: boolean;
}

/** The marker of the codestream's start and the marker of its size, which must follow. */
const START = [0xff, 0x4f, 0xff, 0x51];
const CODING_STYLE = 0xff52, START_OF_TILE = 0xff90;
/** Each tile costs the decoder memory, even an empty one. */
const MAX_TILES = 65535;

/**
 * Reads the header of a codestream, which may be inside the boxes of a JP2 file.
 *
 * @throws {DataError} if there is no codestream, it is cut short, or its components have different sizes
 */
export function readJpeg2000Header(bytes: Uint8Array): Jpeg2000Header {
  const start = findStart(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  // After the marker: length and profile; right, bottom, left, top; the same for tiles; number of components.
  if (view.byteLength < 42) throw new DataError("it is cut short");
  const [right, bottom, left, top, tileWidth, tileHeight] = [8, 12, 16, 20, 24, 28].map((at) =>
    view.getUint32(at)
  );
  const components = view.getUint16(40);
  if (view.byteLength < 42 + 3 * components) throw new DataError("it is cut short");
  let precision = 0;
  for (let at = 42; at < 42 + 3 * components; at += 3) {
    precision = Math.max(precision, (view.getUint8(at) & 0x7f) + 1);
    if (view.getUint8(at + 1) !== 1 || view.getUint8(at + 2) !== 1) {
      throw new DataError("its JPEG 2000 components have different sizes, which is not supported");
    }
  }
  const isSigned = components > 0 && view.getUint8(42) >= 0x80;
  const [width, height] = [right! - left!, bottom! - top!];
  if (!(Math.ceil(width / tileWidth!) * Math.ceil(height / tileHeight!) <= MAX_TILES)) {
    throw new DataError(`it is damaged: its tiles are ${tileWidth}×${tileHeight} pixels`);
  }
  return { width, height, components, precision, isSigned, isTransformed: readTransform(view) };
}

function findStart(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (START.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  throw new DataError("it is damaged: it has no JPEG 2000 codestream");
}

/** Whether components are transformed, by the ninth byte of the coding style in the main header. */
function readTransform(view: DataView): boolean {
  for (let at = 2; at + 9 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === CODING_STYLE) return view.getUint8(at + 8) === 1;
    if (marker === START_OF_TILE) break;
  }
  return false;
}
