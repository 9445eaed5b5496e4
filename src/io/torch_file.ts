/** Files that PyTorch's `torch.save` wrote. */

import { withFileSource } from "./file_source.ts";
import { decodeTorch, type TorchValue } from "./torch.ts";

/**
 * Reads a file that `torch.save` wrote, in the ZIP format of PyTorch 1.6 and later or in the legacy format. No code
 * from the file is run. {@linkcode decodeTorch} describes what becomes of each type of value.
 *
 * @throws {DataError} if the file cannot be read, is damaged, or holds anything but tensors and plain containers; the
 * message is one line that names the file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { HostTensor } from "./host_tensor.ts";
 *
 * const file = import.meta.resolve("../../test/data_files/torch/tiny_zip.pt");
 * const state = await readTorchFile(new URL(file).pathname) as Map<string, HostTensor>;
 * assertEquals([...state.keys()].length > 0, true);
 * ```
 */
export function readTorchFile(path: string): Promise<TorchValue> {
  return withFileSource(path, decodeTorch);
}
