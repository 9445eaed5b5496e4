/** Decodes DICOM files and reads their tags. */

import { inflateRawSync } from "node:zlib";
import dicomParser, { type DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";
import { displayFrames } from "./dicom_display.ts";
import { readFormat } from "./dicom_format.ts";
import { frameBytes } from "./dicom_frames.ts";
import { decodeFrame } from "./dicom_pixels.ts";
import { checkSize, type DecodedImage, DEFAULT_MAX_PIXELS } from "./image.ts";

/** Position of the letters DICM. */
const PREFIX = 128;
const PIXEL_DATA = "x7fe00010";

/** Whether the bytes start like a DICOM file (PS3.10, 7.1). */
export function isDicom(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(PREFIX, PREFIX + 4)) === "DICM";
}

/**
 * Decodes a DICOM file into the images that a viewer shows, one for each frame. Gray values pass through the
 * modality's rescaling or lookup table, then the first VOI window or lookup table; MONOCHROME1 is then inverted.
 * Colours become RGB.
 *
 * Without a window or VOI table, the smallest value of the file becomes black and the largest white. Supported
 * transfer syntaxes: implicit and explicit little endian, deflated, explicit big endian, RLE, JPEG with 8 bits,
 * lossless JPEG, JPEG-LS, JPEG 2000.
 *
 * @throws {DataError} if the file is damaged, cut short, without pixels or of an unsupported kind, or claims more
 * than `maxPixels` pixels
 */
export async function decodeDicom(bytes: Uint8Array, maxPixels: number): Promise<DecodedImage[]> {
  const dataSet = parse(bytes, maxPixels);
  const format = readFormat(dataSet);
  checkSize(format.columns, format.rows, format.frames, maxPixels);
  const pixelData = dataSet.elements[PIXEL_DATA];
  if (!pixelData) throw new DataError("it holds no pixels");
  const frames = [];
  for (const frame of frameBytes(dataSet, pixelData, format)) frames.push(await decodeFrame(frame, format));
  return displayFrames(dataSet, format, frames);
}

/** The tags that a list of images needs. A text is empty if the file lacks the tag. */
export interface DicomTags {
  PatientID: string;
  /** AP, PA, LL, … */
  ViewPosition: string;
}

/**
 * Reads tags of a DICOM file. The bytes may end where the pixels start.
 *
 * @throws {DataError} if the file is damaged
 */
export function readDicomTags(bytes: Uint8Array): DicomTags {
  const dataSet = parse(bytes, DEFAULT_MAX_PIXELS, PIXEL_DATA);
  return { PatientID: dataSet.string("x00100020") ?? "", ViewPosition: dataSet.string("x00185101") ?? "" };
}

function parse(bytes: Uint8Array, maxPixels: number, untilTag?: string): DataSet {
  /** Inflates a deflated file after its header. A pixel has at most three samples of two bytes. */
  const inflater = (deflated: Uint8Array, position: number) => {
    const rest = inflateRawSync(deflated.subarray(position), { maxOutputLength: 6 * maxPixels + 2 ** 24 });
    const whole = new Uint8Array(position + rest.length);
    whole.set(deflated.subarray(0, position));
    whole.set(rest, position);
    return whole;
  };
  try {
    return dicomParser.parseDicom(bytes, { inflater, untilTag } as dicomParser.ParseDicomOptions);
  } catch (error) {
    // The library throws texts, objects that hold one, and other errors.
    const words = typeof error === "string" ? error : (error as { exception?: string }).exception;
    const reason = words?.replace(/^dicomParser[.:]\w+: /, "") ?? "its data elements are not valid";
    throw new DataError(`it is damaged: ${reason.split("\n")[0]}`);
  }
}
