/** Patients and views from DICOM files, for lists that do not name them. */

import { DataError } from "../errors.ts";
import { type DicomTags, isDicom, readDicomTags } from "../images/dicom.ts";
import { inOrder } from "../workers/in_order.ts";
import { type Entry, viewOf } from "./listing.ts";
import { resolveInside } from "../images/file_inside.ts";

/** Names of files in other formats. Any other file may be DICOM. */
const otherName = /\.(png|jpe?g|webp|bmp|nii|nii\.gz|hdr)$/i;
/** Files read at a time. */
const ahead = 16;
/** Patient and view precede the pixels, mostly within this many bytes. */
const headBytes = 2 ** 16;

/**
 * The entries, completed with the patient and the view from their DICOM files if the list does not name them. Files
 * that are not DICOM, or cannot be read, add nothing.
 *
 * @param root real path of the data folder
 */
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

/** Undefined if the file is not DICOM or cannot be read. Decoding reports why. */
async function tagsOf(root: string, listed: string): Promise<DicomTags | undefined> {
  try {
    const path = await resolveInside(root, listed);
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

function isFromSystem(error: unknown): boolean {
  return Object.values(Deno.errors).some((type) => error instanceof type);
}
