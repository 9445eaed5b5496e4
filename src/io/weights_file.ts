/** Files of model weights. */

import { withFileSource } from "./file_source.ts";
import { decodeWeights, type Weights } from "./weights.ts";

/**
 * Reads a model's weights from a safetensors file or from a file that `torch.save` wrote. The content decides which
 * of them it is, not the file's name. {@linkcode decodeWeights} describes how keys are normalised.
 *
 * @throws {DataError} if the file does not exist, is damaged, has another format, or holds no state dict; the message
 * is one line that names the file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { writeSafetensors } from "./safetensors_file.ts";
 *
 * const path = await Deno.makeTempFile();
 * await writeSafetensors(path, new Map([["module.bias", { shape: [2], data: Float32Array.of(1, 2) }]]));
 *
 * const { tensors, format } = await readWeights(path);
 * assertEquals(tensors.get("bias")?.data, Float32Array.of(1, 2));
 * assertEquals(format, "safetensors");
 * await Deno.remove(path);
 * ```
 */
export function readWeights(path: string): Promise<Weights> {
  return withFileSource(path, decodeWeights);
}
