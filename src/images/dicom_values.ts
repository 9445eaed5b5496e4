/** Reads numbers and sequences of DICOM data sets, and the attributes of single frames. */

import dicomParser, { type DataSet, type Element } from "dicom-parser";

/** Is called with what a file does against the standard where there is a usual way to read it nevertheless. */
export type Warn = (text: string) => void;

const SHARED_GROUPS = "x52009229", FRAME_GROUPS = "x52009230";

/**
 * The first value of a decimal string; undefined if it is missing or no number. Some modalities write a decimal comma,
 * which counts as a point.
 */
export function decimal(dataSet: DataSet, tag: string, warn: Warn): number | undefined {
  const text = (dataSet.string(tag) ?? "").split("\\")[0]!.trim();
  if (!text) return undefined;
  const pointed = text.replace(",", ".");
  if (pointed !== text) warn(`it has a decimal comma in "${text}", which is read as a point`);
  const value = Number.parseFloat(pointed);
  if (Number.isFinite(value)) return value;
  warn(`it has "${text}" where a number is expected, which is ignored`);
  return undefined;
}

/** Sequences that were asked for, since a file with many frames asks for the same ones again and again. */
const known = new WeakMap<Element, DataSet[]>();

/** The items of a sequence, also of one whose type was lost (UN), which is encoded in implicit little endian. */
export function sequence(dataSet: DataSet | undefined, tag: string): DataSet[] {
  const element = dataSet?.elements[tag];
  if (!element) return [];
  const items = known.get(element) ?? readItems(dataSet!, element);
  known.set(element, items);
  return items;
}

function readItems(dataSet: DataSet, element: Element): DataSet[] {
  const items = element.items ?? (element.vr === "UN" ? readUnknown(dataSet, element) : []);
  return items.flatMap((item) => item.dataSet ? [item.dataSet] : []);
}

function readUnknown(dataSet: DataSet, { tag, dataOffset, length }: Element): Element[] {
  const parser = dicomParser.littleEndianByteArrayParser;
  const end = Math.min(dataSet.byteArray.length, dataOffset + length);
  const stream = new dicomParser.ByteStream(parser, dataSet.byteArray.subarray(0, end), dataOffset);
  const copy = { tag, dataOffset, length: end - dataOffset } as Element;
  try {
    dicomParser.readSequenceItemsImplicit(stream, copy, undefined as never);
  } catch {
    return [];
  }
  return copy.items ?? [];
}

/**
 * The data sets that may hold a frame's attributes of one macro, in the order in which they count (PS3.3, C.7.6.16.2):
 * the frame's functional groups, the shared functional groups, the image.
 */
export function levelsOf(dataSet: DataSet, frame: number, macro: string): DataSet[] {
  const own = sequence(dataSet, FRAME_GROUPS)[frame];
  const shared = sequence(dataSet, SHARED_GROUPS)[0];
  return [...sequence(own, macro).slice(0, 1), ...sequence(shared, macro).slice(0, 1), dataSet];
}
