/** Parses DICOM files, with and without the preamble and the meta header. */

import { inflateRawSync } from "node:zlib";
import dicomParser, { type DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";
import { concatenate } from "./concatenate.ts";

/** Position of the letters DICM. */
const PREFIX = 128;
const IMPLICIT = "1.2.840.10008.1.2", EXPLICIT = "1.2.840.10008.1.2.1", BIG_ENDIAN = "1.2.840.10008.1.2.2";
const DEFLATED = "1.2.840.10008.1.2.1.99";

/** Groups that the first data element of a file without a meta header may have: identification to image. */
const firstGroups = [0x0002, 0x0004, 0x0008, 0x0010, 0x0018, 0x0020, 0x0028];

/** The value representations of the first groups that explicit syntaxes name (PS3.5, 6.2). */
const representations = new Set(
  "AE AS AT CS DA DS DT FD FL IS LO LT OB OW PN SH SL SQ SS ST TM UI UL UN US UT".split(" "),
);

/** Whether the bytes start like a DICOM file (PS3.10, 7.1), or like the data set of one that lacks its header. */
export function isDicom(bytes: Uint8Array): boolean {
  return hasPrefix(bytes, PREFIX) || hasPrefix(bytes, 0) || guessSyntax(bytes) !== undefined;
}

/**
 * Parses a DICOM file. A file without preamble, meta header or transfer syntax is read by the encoding that its first
 * data element has.
 *
 * @param untilTag optional tag at which parsing ends
 * @param warn is called if the transfer syntax is missing
 * @throws {DataError} if the data elements are damaged
 */
export function parseDicom(
  bytes: Uint8Array,
  maxPixels: number,
  { untilTag, warn = () => {} }: { untilTag?: string; warn?: (text: string) => void } = {},
): DataSet {
  const inflater = (deflated: Uint8Array, position: number) => inflateRest(deflated, position, maxPixels);
  const { content, encoding, stated } = withHeader(bytes);
  if (encoding && !stated) warn("it has no transfer syntax; its first data element shows how it is encoded");
  if (encoding && stated) warn(`its data elements are not encoded as its transfer syntax ${stated} states`);
  try {
    const options = { inflater, untilTag, ...(encoding && { TransferSyntaxUID: encoding }) };
    const dataSet = dicomParser.parseDicom(content, options as dicomParser.ParseDicomOptions);
    if (stated && encoding) (dataSet.elements.x00020010 as { Value?: string }).Value = stated;
    return dataSet;
  } catch (error) {
    // The library throws texts, objects that hold one, and other errors.
    const words = typeof error === "string" ? error : (error as { exception?: string }).exception;
    const reason = typeof words === "string"
      ? words.replace(/^dicomParser[.:]\w+: /, "")
      : "its data elements are not valid";
    throw new DataError(`it is damaged: ${reason.split("\n")[0]}`);
  }
}

/** The file as the library takes it; the transfer syntax by which to parse it if the file's own does not serve. */
function withHeader(bytes: Uint8Array): { content: Uint8Array; encoding?: string; stated?: string } {
  const isMeta = bytes[0] === 2 && bytes[1] === 0;
  const letters = Array.from("DICM", (letter) => letter.charCodeAt(0));
  const content = hasPrefix(bytes, PREFIX)
    ? bytes
    : hasPrefix(bytes, 0)
    ? concatenate([new Uint8Array(PREFIX), bytes])
    : isMeta
    ? concatenate([new Uint8Array(PREFIX), letters, bytes])
    : undefined;
  if (!content) return { content: bytes, encoding: guessSyntax(bytes) };
  const { stated, end } = readMeta(content);
  const rest = content.subarray(end);
  const guess = guessSyntax(rest);
  if (!stated) return { content: rest, encoding: guess ?? IMPLICIT };
  const isOther = stated !== DEFLATED && guess !== undefined && guess !== encodingOf(stated);
  return isOther ? { content: rest, encoding: guess, stated } : { content };
}

/** How a transfer syntax encodes data elements, as one of the uncompressed syntaxes. */
function encodingOf(syntax: string): string {
  return syntax === IMPLICIT || syntax === BIG_ENDIAN ? syntax : EXPLICIT;
}

/** The transfer syntax of the meta header, if there is one, and where the header ends. */
function readMeta(bytes: Uint8Array): { stated?: string; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let stated: string | undefined;
  let at = PREFIX + 4;
  while (at + 12 <= bytes.length && view.getUint16(at, true) === 2) {
    const isLong = ["OB", "OW", "UN", "UT", "SQ"].includes(letters(bytes, at + 4));
    const start = at + (isLong ? 12 : 8);
    const end = start + (isLong ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true));
    if (view.getUint16(at + 2, true) === 0x10) {
      stated = String.fromCharCode(...bytes.subarray(start, end)).replace(/[\0 ]+$/, "");
    }
    at = end;
  }
  return { stated, end: Math.min(at, bytes.length) };
}

/** The transfer syntax of a data set without a header, by its first data element; undefined if it is none. */
function guessSyntax(bytes: Uint8Array): string | undefined {
  if (bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isExplicit = representations.has(letters(bytes, 4));
  if (isExplicit && firstGroups.includes(view.getUint16(0, true))) return EXPLICIT;
  if (isExplicit && firstGroups.includes(view.getUint16(0, false))) return BIG_ENDIAN;
  return isImplicit(view) ? IMPLICIT : undefined;
}

/** Whether two data elements in implicit little endian follow each other. */
function isImplicit(view: DataView): boolean {
  const second = 8 + view.getUint32(4, true);
  if (second + 8 > view.byteLength) return false;
  const [group, next] = [view.getUint16(0, true), view.getUint16(second, true)];
  if (!firstGroups.includes(group) || !firstGroups.includes(next)) return false;
  const [tag, nextTag] = [
    group * 65536 + view.getUint16(2, true),
    next * 65536 + view.getUint16(second + 2, true),
  ];
  return nextTag > tag && second + 8 + view.getUint32(second + 4, true) <= view.byteLength;
}

function hasPrefix(bytes: Uint8Array, at: number): boolean {
  return bytes.length >= at + 4 && String.fromCharCode(...bytes.subarray(at, at + 4)) === "DICM";
}

function letters(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!);
}

/** Inflates a deflated file after its header. A pixel has at most three samples of two bytes. */
function inflateRest(deflated: Uint8Array, position: number, maxPixels: number): Uint8Array {
  const rest = inflateRawSync(deflated.subarray(position), { maxOutputLength: 6 * maxPixels + 2 ** 24 });
  return concatenate([deflated.subarray(0, position), rest]);
}
