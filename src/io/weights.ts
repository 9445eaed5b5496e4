import { DataError } from "../errors.ts";
import { fileError, printable } from "./file_error.ts";
import { type ByteSource, readingFile } from "./file_source.ts";
import type { HostTensor } from "./host_tensor.ts";
import { isSafetensors, readSafetensors } from "./safetensors.ts";
import { isZip, readTorchFile, stateDict } from "./torch_file.ts";

export interface Weights {
  tensors: Map<string, HostTensor>;
  /** What a safetensors file says of itself; empty for PyTorch's files. */
  metadata: Record<string, string>;
  format: "safetensors" | "torch-zip" | "torch-legacy";
}

/**
 * Reads a model's weights from a safetensors file or one of torch.save, whatever its name: the content
 * decides. Keys come out as the model itself has them: without the `module.` that multi-GPU training puts
 * before them all, and with today's names of DenseNet's layers. Tensors keep their element types; integer
 * buffers are among them.
 *
 * @throws DataError, one line naming the file, where it is missing, damaged, of another kind, or holds no
 * state dict.
 */
export async function readWeights(path: string): Promise<Weights> {
  const format = await readingFile(path, detectFormat);
  const { tensors, metadata } = format === "safetensors"
    ? await readSafetensors(path)
    : { tensors: await readStateDict(path), metadata: {} };
  return naming(path, () => ({ tensors: normalizeDenseNetKeys(withoutModule(tensors)), metadata, format }));
}

function detectFormat(source: ByteSource): Weights["format"] {
  if (isSafetensors(source)) return "safetensors";
  if (isZip(source)) return "torch-zip";
  // A pickle: from protocol 2 on it begins with PROTO, before with LONG and the digits of the magic number.
  const start = source.read(0, Math.min(source.size, 16));
  if (start[0] === 0x80 || new TextDecoder("latin1").decode(start).startsWith("L119547")) {
    return "torch-legacy";
  }
  const text = printable(new TextDecoder("latin1").decode(start), 16);
  throw new DataError(
    `it is neither a safetensors file nor one of torch.save: it begins with ${JSON.stringify(text)}`,
  );
}

async function readStateDict(path: string): Promise<Map<string, HostTensor>> {
  const value = await readTorchFile(path);
  return naming(path, () => stateDict(value));
}

function naming<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(path, "cannot read", error);
  }
}

/** The tensors without the `module.` before their keys, where all have it. */
function withoutModule(tensors: Map<string, HostTensor>): Map<string, HostTensor> {
  const prefix = "module.";
  if (![...tensors.keys()].every((key) => key.startsWith(prefix))) return tensors;
  return new Map([...tensors].map(([key, tensor]) => [key.slice(prefix.length), tensor]));
}

/**
 * Renames DenseNet's keys from files of torchvision before 0.3, `denselayer1.norm.1.weight`, to
 * `denselayer1.norm1.weight`; norm, relu and conv, 1 and 2. Other keys stay as they are.
 *
 * @throws DataError, without a file's name, where a key is there in both spellings.
 */
export function normalizeDenseNetKeys(tensors: ReadonlyMap<string, HostTensor>): Map<string, HostTensor> {
  const renamed = new Map<string, HostTensor>();
  for (const [key, tensor] of tensors) {
    const name = key.replace(/(^|\.)(denselayer\d+\.(?:norm|relu|conv))\.([12])\./, "$1$2$3.");
    if (renamed.has(name)) throw new DataError(`it has ${printable(name)} in two spellings`);
    renamed.set(name, tensor);
  }
  return renamed;
}
