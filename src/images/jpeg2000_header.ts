import { DataError } from "../errors.ts";

/** What the header of a JPEG 2000 codestream says (ITU-T T.800, A.5 and A.6). */
export interface Jpeg2000Header {
  width: number;
  height: number;
  components: number;
  /** The most bits of a component's samples. */
  precision: number;
  /** Whether decoding turns the components into red, green and blue. */
  isTransformed: boolean;
}

/** Start of codestream, and the marker of its size, which must follow. */
const START = [0xff, 0x4f, 0xff, 0x51];
const CODING_STYLE = 0xff52, START_OF_TILE = 0xff90;
/** Each tile costs the decoder memory, whatever its size. */
const MOST_TILES = 65535;

/**
 * Reads the header of a codestream, also of one in a JP2 file's boxes.
 *
 * @throws DataError where there is none, or components are stored at different sizes
 */
export function readJpeg2000Header(bytes: Uint8Array): Jpeg2000Header {
  const start = findStart(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  // Behind the marker: its length and the profile, then right, bottom, left, top; the tiles'; components.
  if (view.byteLength < 42) throw new DataError("it ends before its pixels do");
  const [right, bottom, left, top, tileWidth, tileHeight] = [8, 12, 16, 20, 24, 28].map((at) =>
    view.getUint32(at)
  );
  const components = view.getUint16(40);
  if (view.byteLength < 42 + 3 * components) throw new DataError("it ends before its pixels do");
  let precision = 0;
  for (let at = 42; at < 42 + 3 * components; at += 3) {
    precision = Math.max(precision, (view.getUint8(at) & 0x7f) + 1);
    if (view.getUint8(at + 1) !== 1 || view.getUint8(at + 2) !== 1) {
      throw new DataError("its JPEG 2000 components are of different sizes, which is not read");
    }
  }
  const [width, height] = [right! - left!, bottom! - top!];
  if (!(Math.ceil(width / tileWidth!) * Math.ceil(height / tileHeight!) <= MOST_TILES)) {
    throw new DataError(`it is damaged: its tiles would be ${tileWidth}×${tileHeight}`);
  }
  return { width, height, components, precision, isTransformed: findTransform(view) };
}

function findStart(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (START.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  throw new DataError("it is damaged: it has no JPEG 2000 codestream");
}

/** Looks for the coding style in the main header, whose ninth byte says whether components are transformed. */
function findTransform(view: DataView): boolean {
  for (let at = 2; at + 9 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker === CODING_STYLE) return view.getUint8(at + 8) === 1;
    if (marker === START_OF_TILE) break;
  }
  return false;
}
