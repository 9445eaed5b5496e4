/** Atomic changes of an HDF5 file, by a rollback journal like that of databases. */

// Before the library overwrites bytes, they are copied to a journal beside the file. If a change fails, or its process
// is killed, the journal's bytes are written back, which needs no additional disk space.

import { fileError } from "../io/file_error.ts";
import { observeWrites } from "./hdf5_library.ts";

/**
 * Every record begins with two little-endian float64, a position and a length in bytes, and ends with that many
 * bytes. The first record holds the file's size as its position, and no bytes.
 */
const headerBytes = 16;

function journalName(path: string): string {
  return `${path}.journal`;
}

/**
 * Runs `change`, in which the library writes to the file `path` and no other. Afterwards the change is on the disk. If
 * `change` throws, the file is restored.
 */
export async function changeAtomically(path: string, change: () => void): Promise<void> {
  try {
    await changeWithJournal(path, change);
  } catch (error) {
    await restoreFromJournal(path);
    throw error;
  }
  await removeJournal(path);
}

async function changeWithJournal(path: string, change: () => void): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  using journal = await Deno.open(journalName(path), { write: true, create: true, truncate: true });
  const { size } = await file.stat();
  writeAll(journal, header(size, 0));
  observeWrites((position, length) => {
    const overwritten = Math.min(length, size - position);
    if (overwritten <= 0) return;
    const record = new Uint8Array(headerBytes + overwritten);
    record.set(header(position, overwritten));
    file.seekSync(position, Deno.SeekMode.Start);
    readAll(file, record.subarray(headerBytes));
    writeAll(journal, record);
  }, change);
  // The journal must be on the disk before the file: a file that is partly written needs all of it.
  await journal.sync();
  await file.sync();
}

/**
 * Restores the file to its state before an unfinished change, if there is a journal.
 *
 * @throws {DataError} if the file cannot be written
 */
export async function restoreFromJournal(path: string): Promise<void> {
  const journal = await Deno.readFile(journalName(path)).catch(() => undefined);
  if (!journal) return;
  try {
    using file = await Deno.open(path, { read: true, write: true });
    const records = readRecords(journal);
    // Backwards, so that bytes that were overwritten twice end with their oldest value. The first record is the size.
    for (const { position, bytes } of records.slice(1).reverse()) {
      file.seekSync(position, Deno.SeekMode.Start);
      writeAll(file, bytes);
    }
    if (records[0]) await file.truncate(records[0].position);
    await file.sync();
  } catch (error) {
    throw fileError(path, "cannot be restored to its last complete state", error);
  }
  await removeJournal(path);
}

/** Removes the journal of a file that is complete or was removed. */
export async function removeJournal(path: string): Promise<void> {
  await Deno.remove(journalName(path)).catch(() => {});
}

/** The complete records. The write that belongs to a record that is cut short was never made. */
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
