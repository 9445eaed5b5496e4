/** Files and folders for tests of data files. */

import { fileURLToPath } from "node:url";
import { ImageFileWriter } from "../../src/data/write.ts";

const folder = fileURLToPath(new URL("../data_files/hdf5/", import.meta.url));

/** The path of a file that test/golden/make_hdf5.py wrote. */
export function fixture(name: string): string {
  return folder + name;
}

/** Runs `run` in a temporary folder that is removed afterwards. */
export async function inTemporaryFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const temporary = await Deno.makeTempDir();
  try {
    await run(temporary);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** Writes images [count, 3, 2, 4] filled with their index, and labels [index, -index]. */
export async function writeNumbered(path: string, count: number): Promise<void> {
  const writer = await ImageFileWriter.create(path, { shape: [3, 2, 4], labelCount: 2, gzip: 1 });
  for (let index = 0; index < count; index++) {
    writer.append(new Float32Array(24).fill(index), Float32Array.of(index, -index));
  }
  await writer.finish();
}

/** The indices 0 … count − 1. */
export function firstIndices(count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, index) => index);
}
