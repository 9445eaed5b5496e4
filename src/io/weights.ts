/** Model weights in any supported format, under the keys that the models use. */

import { DataError } from "../errors.ts";
import type { ByteSource } from "./byte_source.ts";
import type { HostTensor } from "./host_tensor.ts";
import { printable } from "./printable.ts";
import { decodeSafetensors, decodeSafetensorsHeader, isSafetensors } from "./safetensors.ts";
import type { StateDict } from "./state_dict.ts";
import { stateDicts } from "./state_dicts.ts";
import { isZip, openTorch } from "./torch.ts";

/** The weights of a model. */
export interface Weights {
  /** The tensors of the first state dict, without the prefix `module.`. */
  tensors: Map<string, HostTensor>;
  /** All state dicts in the file, those to be preferred first. Their keys have the prefixes of the file. */
  states: StateDict[];
  /** The metadata of a safetensors file; empty for PyTorch's formats. */
  metadata: Record<string, string>;
  /** The format in which the weights were stored. */
  format: "safetensors" | "torch-zip" | "torch-legacy";
}

/**
 * Reads a model's weights from the bytes of a safetensors file or of a file that `torch.save` wrote. The content
 * decides which of them it is.
 *
 * Keys are normalised: the prefix `module.`, which multi-GPU training adds to all keys, is removed, and DenseNet's
 * layers get today's names ({@linkcode normalizeDenseNetKeys}). Tensors keep their element types. Integer buffers
 * such as `num_batches_tracked` are included.
 *
 * @throws {DataError} if the bytes are damaged, have another format, or hold no state dict; the message does not name
 * a file
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memorySource } from "./byte_source.ts";
 * import { encodeSafetensors } from "./safetensors.ts";
 *
 * const tensors = new Map([["module.bias", { shape: [2], data: Float32Array.of(1, 2) }]]);
 * const bytes = await new Blob(encodeSafetensors(tensors)).bytes();
 * const weights = decodeWeights(memorySource(bytes));
 * assertEquals(weights.format, "safetensors");
 * assertEquals([...weights.tensors.keys()], ["bias"]);
 * ```
 */
export function decodeWeights(source: ByteSource): Weights {
  const format = detectFormat(source);
  if (format === "safetensors") {
    const { tensors, metadata } = decodeSafetensors(source);
    const states = [withTodaysNames({ place: "", tensors, unreadable: new Map() })];
    return { tensors: withoutModule(states[0]!.tensors), states, metadata, format };
  }
  const file = openTorch(source);
  const states = stateDicts(file.value).map(withTodaysNames);
  file.fill(new Set(states.flatMap(({ tensors }) => [...tensors.values()])));
  return { tensors: withoutModule(states[0]!.tensors), states, metadata: {}, format };
}

/**
 * Reads the keys and the metadata of a model's weights. The data are not read. Keys are those of all state dicts in the
 * file, normalised as {@linkcode decodeWeights} does.
 *
 * @throws {DataError} if the bytes are damaged, have another format, or hold no state dict; the message does not name
 * a file
 */
export function decodeWeightsHeader(source: ByteSource): Pick<Weights, "metadata"> & { keys: Set<string> } {
  if (detectFormat(source) !== "safetensors") {
    const states = stateDicts(openTorch(source).value).map(withTodaysNames);
    return {
      keys: new Set(states.flatMap(({ tensors }) => [...withoutModule(tensors).keys()])),
      metadata: {},
    };
  }
  const { names, metadata } = decodeSafetensorsHeader(source);
  const named = new Map(names.map((name) => [name, undefined]));
  return { keys: new Set(normalizeDenseNetKeys(withoutModule(named)).keys()), metadata };
}

function withTodaysNames({ place, tensors, unreadable }: StateDict): StateDict {
  return { place, tensors: normalizeDenseNetKeys(tensors), unreadable: normalizeDenseNetKeys(unreadable) };
}

function detectFormat(source: ByteSource): Weights["format"] {
  if (isSafetensors(source)) return "safetensors";
  if (isZip(source)) return "torch-zip";
  // A legacy file is a pickle: since protocol 2 it begins with PROTO, before that with LONG and the magic number.
  const start = source.read(0, Math.min(source.size, 16));
  if (start[0] === 0x80 || new TextDecoder("latin1").decode(start).startsWith("L119547")) {
    return "torch-legacy";
  }
  const text = printable(new TextDecoder("latin1").decode(start), 16);
  throw new DataError(
    `it is neither a safetensors file nor a file written by torch.save: it begins with ${
      JSON.stringify(text)
    }`,
  );
}

/** Removes the prefix `module.` if all keys have it. */
function withoutModule<T>(tensors: Map<string, T>): Map<string, T> {
  const prefix = "module.";
  if (![...tensors.keys()].every((key) => key.startsWith(prefix))) return tensors;
  return new Map([...tensors].map(([key, tensor]) => [key.slice(prefix.length), tensor]));
}

/**
 * Renames the DenseNet keys of torchvision before 0.3, such as `denselayer1.norm.1.weight`, to today's
 * `denselayer1.norm1.weight`. This concerns `norm`, `relu` and `conv`, 1 and 2. Other keys are left alone.
 *
 * @throws {DataError} if a key exists in both spellings; the message does not name a file
 */
export function normalizeDenseNetKeys<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  const renamed = new Map<string, T>();
  for (const [key, tensor] of tensors) {
    const name = key.replace(/(^|\.)(denselayer\d+\.(?:norm|relu|conv))\.([12])\./, "$1$2$3.");
    if (renamed.has(name)) throw new DataError(`it has the key ${printable(name)} in two spellings`);
    renamed.set(name, tensor);
  }
  return renamed;
}
