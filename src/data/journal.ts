/**
 * Changes of a file that happen wholly or not at all, as databases make them: before the HDF5 library writes over bytes, they are copied
 * to a journal beside the file. Where a change fails, as on a full disk, or its process is killed in its midst, the bytes are put back,
 * which takes no room.
 */

import { fileError } from "../io/file_error.ts";
import { witnessWrites } from "./hdf5_library.ts";

/** Every record begins with two float64, little-endian: a position and a length. The first has the file's size and no bytes. */
const headerBytes = 16;

function journalName(path: string): string {
  return `${path}.journal`;
}

/**
 * Runs `change`, in which the library writes to the file `path` and to no other. Where it throws, the file is as before; otherwise
 * the change is on the disk.
 */
export async function changeWhole(path: string, change: () => void): Promise<void> {
  try {
    await changeWithJournal(path, change);
  } catch (error) {
    await restore(path);
    throw error;
  }
  await forgetJournal(path);
}

async function changeWithJournal(path: string, change: () => void): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  using journal = await Deno.open(journalName(path), { write: true, create: true, truncate: true });
  const { size } = await file.stat();
  writeAll(journal, header(size, 0));
  witnessWrites((position, length) => {
    const overwritten = Math.min(length, size - position);
    if (overwritten <= 0) return;
    const record = new Uint8Array(headerBytes + overwritten);
    record.set(header(position, overwritten));
    file.seekSync(position, Deno.SeekMode.Start);
    readAll(file, record.subarray(headerBytes));
    writeAll(journal, record);
  }, change);
  // The journal first: a file that is half on the disk needs all of it.
  await journal.sync();
  await file.sync();
}

/** Puts back what a change that did not come to its end wrote over, if there was one. */
export async function restore(path: string): Promise<void> {
  const journal = await Deno.readFile(journalName(path)).catch(() => undefined);
  if (!journal) return;
  try {
    using file = await Deno.open(path, { read: true, write: true });
    const records = readRecords(journal);
    // The first holds the size; the oldest bytes of a place that was written twice come last.
    for (const { position, bytes } of records.slice(1).reverse()) {
      file.seekSync(position, Deno.SeekMode.Start);
      writeAll(file, bytes);
    }
    if (records[0]) await file.truncate(records[0].position);
    await file.sync();
  } catch (error) {
    throw fileError(path, "cannot be brought back to its last good state", error);
  }
  await forgetJournal(path);
}

/** Removes the journal of a file that is complete, or gone. */
export async function forgetJournal(path: string): Promise<void> {
  await Deno.remove(journalName(path)).catch(() => {});
}

/** Those that are whole: what follows on a record that was cut short never happened. */
function readRecords(journal: Uint8Array): { position: number; bytes: Uint8Array }[] {
  const view = new DataView(journal.buffer, journal.byteOffset, journal.byteLength);
  const records = [];
  for (let at = 0; at + headerBytes <= journal.length;) {
    const [position, length] = [view.getFloat64(at, true), view.getFloat64(at + 8, true)];
    at += headerBytes;
    if (at + length > journal.length) break;
    records.push({ position, bytes: journal.subarray(at, at + length) });
    at += length;
  }
  return records;
}

function header(position: number, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(headerBytes));
  view.setFloat64(0, position, true);
  view.setFloat64(8, length, true);
  return new Uint8Array(view.buffer);
}

function readAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    const read = file.readSync(bytes.subarray(done));
    if (read === null) return;
    done += read;
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}
