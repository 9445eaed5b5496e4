/** Decodes DICOM files and reads their tags. */

import { DataError } from "../errors.ts";
import { displayFrames } from "./dicom_display.ts";
import { PIXEL_DATA, pixelElement, readFormat } from "./dicom_format.ts";
import { frameBytes } from "./dicom_frames.ts";
import { parseDicom } from "./dicom_parse.ts";
import { decodeFrame } from "./dicom_pixels.ts";
import { checkSize, type DecodedImage, type DecodeOptions, DEFAULT_MAX_PIXELS } from "./image.ts";

export { isDicom } from "./dicom_parse.ts";

/**
 * Decodes a DICOM file into the images that a viewer shows, one for each frame. Gray values pass through the
 * modality's rescaling or lookup table, then the first VOI window or lookup table; MONOCHROME1 is then inverted.
 * Colours become RGB. In enhanced files a frame's own functional groups count before the shared ones, and these before
 * the image's attributes.
 *
 * Without a window or VOI table, the smallest value of the file becomes black and the largest white. Padding does not
 * count: values of Pixel Padding Value and its range, and in computed tomography values below −1024. Supported transfer
 * syntaxes: implicit and explicit little endian, deflated, explicit big endian, RLE, JPEG, lossless JPEG, JPEG-LS,
 * JPEG 2000. A file may lack its preamble and meta header.
 *
 * @throws {DataError} if the file is damaged, cut short, without pixels or of an unsupported kind, or claims more
 * than `maxPixels` pixels
 */
export async function decodeDicom(
  bytes: Uint8Array,
  maxPixels: number,
  options: DecodeOptions = {},
): Promise<DecodedImage[]> {
  const warn = options.warn ?? (() => {});
  const dataSet = parseDicom(bytes, maxPixels, { warn });
  const format = readFormat(dataSet, warn);
  checkSize(format.columns, format.rows, format.frames, maxPixels);
  const pixels = pixelElement(dataSet);
  if (!pixels) throw new DataError("it holds no pixels");
  const frames = [];
  for (const frame of frameBytes(dataSet, pixels.element, format)) {
    frames.push(await decodeFrame(frame, format, warn));
  }
  return displayFrames(dataSet, format, frames, { window: options.window, warn });
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
  const dataSet = parseDicom(bytes, DEFAULT_MAX_PIXELS, { untilTag: PIXEL_DATA });
  return { PatientID: dataSet.string("x00100020") ?? "", ViewPosition: dataSet.string("x00185101") ?? "" };
}
