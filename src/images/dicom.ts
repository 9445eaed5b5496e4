import { inflateRawSync } from "node:zlib";
import dicomParser, { type DataSet } from "dicom-parser";
import { DataError } from "../errors.ts";
import { displayFrames } from "./dicom_display.ts";
import { readFormat } from "./dicom_format.ts";
import { frameBytes } from "./dicom_frames.ts";
import { decodeFrame } from "./dicom_pixels.ts";
import { checkSize, type DecodedImage, MOST_PIXELS } from "./image.ts";

/** Where the letters DICM are. */
const PREFIX = 128;
const PIXEL_DATA = "x7fe00010";

/** Whether the bytes begin as a DICOM file does (PS3.10, 7.1). */
export function isDicom(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(PREFIX, PREFIX + 4)) === "DICM";
}

/**
 * Decodes a DICOM file into the images that a viewer would show: the modality's rescaling or table, then the
 * first window or table of values of interest, then MONOCHROME1 turned round; colours as RGB.
 *
 * Without a window or table of its own, a file's values from the smallest to the largest become black to white.
 * Transfer syntaxes: implicit and explicit little endian, deflated, explicit big endian, RLE, JPEG of 8 bits,
 * lossless JPEG, JPEG-LS, JPEG 2000.
 *
 * @throws DataError where the file is damaged, cut short, holds no pixels or such as are not read, or claims
 * more than `most` pixels
 */
export async function decodeDicom(bytes: Uint8Array, most: number): Promise<DecodedImage[]> {
  const dataSet = parse(bytes, most);
  const format = readFormat(dataSet);
  checkSize(format.columns, format.rows, format.frames, most);
  const pixelData = dataSet.elements[PIXEL_DATA];
  if (!pixelData) throw new DataError("it holds no pixels");
  const frames = [];
  for (const frame of frameBytes(dataSet, pixelData, format)) frames.push(await decodeFrame(frame, format));
  return displayFrames(dataSet, format, frames);
}

/** What a list of images needs to know of one, empty where the file does not say. */
export interface DicomTags {
  PatientID: string;
  /** AP, PA, LL, … */
  ViewPosition: string;
}

/** Reads what a DICOM file says about itself. @throws DataError where it is damaged */
export function readDicomTags(bytes: Uint8Array): DicomTags {
  const dataSet = parse(bytes, MOST_PIXELS, PIXEL_DATA);
  return { PatientID: dataSet.string("x00100020") ?? "", ViewPosition: dataSet.string("x00185101") ?? "" };
}

function parse(bytes: Uint8Array, most: number, untilTag?: string): DataSet {
  /** A deflated file's bytes behind its header, which two bytes a sample and three samples a pixel bound. */
  const inflater = (packed: Uint8Array, position: number) => {
    const rest = inflateRawSync(packed.subarray(position), { maxOutputLength: 6 * most + 2 ** 24 });
    const whole = new Uint8Array(position + rest.length);
    whole.set(packed.subarray(0, position));
    whole.set(rest, position);
    return whole;
  };
  try {
    return dicomParser.parseDicom(bytes, { inflater, untilTag } as dicomParser.ParseDicomOptions);
  } catch (error) {
    // The library throws texts, some objects with one, and what it meets on the way.
    const words = typeof error === "string" ? error : (error as { exception?: string }).exception;
    const reason = words?.replace(/^dicomParser[.:]\w+: /, "") ?? "its data elements make no sense";
    throw new DataError(`it is damaged: ${reason.split("\n")[0]}`);
  }
}
