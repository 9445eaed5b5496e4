/** What DICOM files say of themselves, for lists that do not say it. */

import { DataError } from "../errors.ts";
import { type DicomTags, readDicomTags } from "../images/dicom.ts";
import { inOrder } from "./in_order.ts";
import { type Entry, viewOf } from "./listing.ts";
import { locate } from "./place.ts";

/** Names of other formats; everything else may be DICOM. */
const otherName = /\.(png|jpe?g|nii|nii\.gz)$/i;
/** Files that are open at a time. */
const ahead = 16;
/** Where a file says that it is DICOM. */
const mark = { position: 128, text: "DICM" };
/** Patient and view stand before the pixels, most often within these bytes. */
const headBytes = 2 ** 16;

/** The entries, with the patient and the view that their DICOM files name where the list names none. */
export async function withDicomTags(root: string, entries: readonly Entry[]): Promise<Entry[]> {
  const filled: Entry[] = [];
  const read = ({ path }: Entry) => otherName.test(path) ? Promise.resolve(undefined) : tagsOf(root, path);
  for await (const { item, result } of inOrder(entries, ahead, read)) {
    filled.push({
      ...item,
      patient: item.patient ?? (result?.PatientID.trim() || undefined),
      view: item.view ?? (result?.ViewPosition.trim() ? viewOf(result.ViewPosition) : undefined),
    });
  }
  return filled;
}

/** Undefined for what is no DICOM file, or none that can be read; decoding will tell why. */
async function tagsOf(root: string, listed: string): Promise<DicomTags | undefined> {
  try {
    const path = await locate(root, listed);
    const head = await readHead(path);
    if (!isDicom(head)) return undefined;
    try {
      return readDicomTags(head);
    } catch {
      return readDicomTags(await Deno.readFile(path));
    }
  } catch (error) {
    if (error instanceof DataError || isFromSystem(error)) return undefined;
    throw error;
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(headBytes);
  let length = 0;
  for (let read: number | null = 0; read !== null && length < headBytes; length += read ?? 0) {
    read = await file.read(bytes.subarray(length));
  }
  return bytes.subarray(0, length);
}

function isDicom(head: Uint8Array): boolean {
  const { position, text } = mark;
  return new TextDecoder().decode(head.subarray(position, position + text.length)) === text;
}

function isFromSystem(error: unknown): boolean {
  return Object.values(Deno.errors).some((type) => error instanceof type);
}
