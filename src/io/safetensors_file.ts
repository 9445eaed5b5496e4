/** Safetensors files on disk. */

import { writeFileAtomic } from "./atomic.ts";
import { withFileSource } from "./file_source.ts";
import type { HostTensor } from "./host_tensor.ts";
import {
  decodeSafetensors,
  decodeSafetensorsHeader,
  encodeSafetensors,
  type TensorFile,
} from "./safetensors.ts";

/**
 * Reads a safetensors file. The tensors come in the order of their data.
 *
 * @throws {DataError} if the file cannot be read or violates the format in any way; the message is one line that names
 * the file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * const weight = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
 * await writeSafetensors(path, new Map([["weight", weight]]), { epoch: "3" });
 *
 * const { tensors, metadata } = await readSafetensors(path);
 * assertEquals(tensors.get("weight"), weight);
 * assertEquals(metadata.epoch, "3");
 * await Deno.remove(path);
 * ```
 */
export function readSafetensors(path: string): Promise<TensorFile> {
  return withFileSource(path, decodeSafetensors);
}

/**
 * Reads the tensors' names, in the order of their data, and the metadata of a safetensors file. The data are not read.
 *
 * @throws {DataError} if the file cannot be read, its header violates the format, or does not fit the file's size; the
 * message is one line that names the file
 */
export function readSafetensorsHeader(path: string): Promise<ReturnType<typeof decodeSafetensorsHeader>> {
  return withFileSource(path, decodeSafetensorsHeader);
}

/**
 * Writes a safetensors file atomically. Equal tensors and metadata give equal bytes, whatever their order: tensors are
 * sorted by element type, then by name, and metadata by key.
 *
 * @throws {DataError} if the file cannot be written; the message is one line that names the file
 * @throws {TypeError} if a tensor's data does not fit its shape, or a tensor is called `__metadata__`
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}
