/** Pairs of files: a volume's header (.hdr) and its values (.img). */

import { DataError } from "../errors.ts";
import { readInside } from "./file_inside.ts";

const HEADER_ENDING = /\.hdr$/i, VALUES_ENDING = /\.img(\.gz)?$/i;

/** A listed file, and the function that reads the other file of its pair. */
export interface FileOfPair {
  bytes: Uint8Array<ArrayBuffer>;
  /** Undefined if there is no other file. */
  readCompanion(): Promise<Uint8Array | undefined>;
}

/**
 * Reads a listed file inside the data folder. If it holds a volume's values and its header lies beside it, the header
 * is the file, and the listed one its companion.
 *
 * @throws {DataError} if the file cannot be read
 */
export async function readWithCompanion(root: string, path: string): Promise<FileOfPair> {
  const named = (ending: string) => path.replace(HEADER_ENDING, "").replace(VALUES_ENDING, "") + ending;
  if (VALUES_ENDING.test(path)) {
    const header = await readFirst(root, [named(".hdr"), named(".HDR")]);
    if (header) return { bytes: header, readCompanion: () => readInside(root, path) };
  }
  const others = [".img", ".img.gz", ".IMG"].map(named);
  return {
    bytes: await readInside(root, path),
    readCompanion: async () => HEADER_ENDING.test(path) ? await readFirst(root, others) : undefined,
  };
}

async function readFirst(root: string, paths: string[]): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (const path of paths) {
    try {
      return await readInside(root, path);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
  return undefined;
}
