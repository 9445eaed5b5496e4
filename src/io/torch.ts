/** The formats of PyTorch's `torch.save`. */

import { DataError } from "../errors.ts";
import { ByteReader } from "./byte_reader.ts";
import type { ByteSource } from "./byte_source.ts";
import { bytesPerElement, type HostTensor, isTensor } from "./host_tensor.ts";
import { type PickleHooks, unpickle } from "./pickle.ts";
import { printable } from "./printable.ts";
import { keyText, TorchObjects } from "./torch_objects.ts";
import { ZipArchive } from "./zip_archive.ts";

/**
 * A value that `torch.save` wrote. None becomes null; integers of 2⁵³ and more become bigints; lists, tuples and
 * `torch.Size` become arrays; dicts become Maps; `torch.device` and dtypes become text; parameters become tensors.
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | HostTensor
  | TorchValue[]
  | Map<TorchValue, TorchValue>
  | Set<TorchValue>;

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/**
 * Reads the bytes of a file that `torch.save` wrote: a ZIP archive (PyTorch 1.6 and later) or the legacy format, a
 * sequence of pickles and raw numbers. No code from the file is run. Tensors of any device are loaded into host memory,
 * and tensors that share a storage in the file get separate copies.
 *
 * @throws {DataError} if the bytes are damaged or hold anything but tensors and plain containers; the message does not
 * name a file
 */
export function decodeTorch(source: ByteSource): TorchValue {
  return isZip(source) ? readZip(source) : readLegacy(source);
}

/** Whether the source begins like a ZIP archive. */
export function isZip(source: ByteSource): boolean {
  return source.size >= 4 && new DataView(source.read(0, 4).buffer).getUint32(0, false) === 0x504b0304;
}

/**
 * The most bytes that the tensors of a file may occupy. Tied weights and views may use a storage several times, so it
 * is more than the size of the file; a file that asks for more than this is not a model.
 */
function byteLimit(source: ByteSource): number {
  return 64 * 2 ** 20 + 4 * source.size;
}

/**
 * The archive has one top-level folder of any name. It holds data.pkl, a file data/KEY for each storage and, since
 * PyTorch 2.1, byteorder.
 */
function readZip(source: ByteSource): TorchValue {
  const archive = new ZipArchive(source);
  const limit = byteLimit(source);
  const pickle = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) {
    throw new DataError("it is a ZIP archive, but not one written by torch.save: it has no data.pkl");
  }
  const folder = pickle.slice(0, -"data.pkl".length);

  const objects = new TorchObjects(limit);
  const value = unpickle(new ByteReader(archive.open(pickle, limit)), objects);
  const isBigEndian = archive.has(`${folder}byteorder`) &&
    readText(archive.open(`${folder}byteorder`, 64)) === "big";
  for (const [key, storage] of objects.storages) {
    if (!storage.isUsed) continue;
    const content = archive.open(`${folder}data/${key}`, limit);
    if (content.size < storage.byteLength) {
      throw new DataError(
        `storage ${printable(key)} has ${content.size} bytes, but its tensors need ${storage.byteLength}`,
      );
    }
    const bytes = content.read(0, storage.byteLength);
    if (isBigEndian) swapBytes(bytes, bytesPerElement(storage.dtype));
    storage.fill(bytes);
  }
  return value as TorchValue;
}

/**
 * The legacy format is five pickles (magic number, protocol version, information about the writing system, the object,
 * the keys of the storages), followed by the storages in the order of their keys: an element count as int64, then the
 * elements. Both are little-endian on every system.
 */
function readLegacy(source: ByteSource): TorchValue {
  const reader = new ByteReader(source);
  if (!startsWithMagic(reader)) {
    throw new DataError("it is not a file of torch.save: PyTorch's magic number is missing");
  }
  const version = unpickle(reader, plainValues);
  if (version !== protocolVersion) throw new DataError(`its protocol version is not ${protocolVersion}`);
  unpickle(reader, plainValues);

  const objects = new TorchObjects(byteLimit(source));
  const value = unpickle(reader, objects);
  const keys = unpickle(reader, plainValues);
  if (!Array.isArray(keys)) throw new DataError("its list of storages is missing");
  const missing = new Map(objects.storages);
  for (const key of keys.map(keyText)) {
    const storage = missing.get(key);
    if (!missing.delete(key) || !storage) {
      throw new DataError(`it holds a storage ${printable(key)} that no tensor uses`);
    }
    if (reader.uint64() !== storage.count) {
      throw new DataError(`storage ${printable(key)} does not have the size that its tensors expect`);
    }
    storage.fill(reader.bytes(storage.byteLength));
  }
  if (missing.size > 0) throw new DataError(`${missing.size} of its storages are missing`);
  return value as TorchValue;
}

/** Errors count as "no": a file of another kind should not be reported as a damaged pickle. */
function startsWithMagic(reader: ByteReader): boolean {
  try {
    return unpickle(reader, plainValues) === magicNumber;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

const plainValues: PickleHooks = {
  findGlobal: () => undefined,
  persistentLoad() {
    throw new DataError("the file is damaged: it refers to a storage outside of the saved object");
  },
};

function readText(source: ByteSource): string {
  return new TextDecoder().decode(source.read(0, Math.min(source.size, 64))).trim();
}

function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/**
 * The tensors of a state dict, by name. `value` is the state dict itself, or a checkpoint that holds it under
 * `state_dict`, `model`, `model_state_dict` or `net`. Entries that are not tensors are left out.
 *
 * @throws {DataError} if there is no state dict; the message does not name a file
 */
export function stateDict(value: TorchValue): Map<string, HostTensor> {
  const keys = ["state_dict", "model", "model_state_dict", "net"];
  const nested = value instanceof Map ? keys.map((key) => value.get(key)) : [];
  for (const candidate of [...nested, value]) {
    const tensors = tensorsOf(candidate);
    if (tensors.size > 0) return tensors;
  }
  const found = value instanceof Map
    ? `: its keys are ${printable([...value.keys()].map(keyName).join(", "))}`
    : "";
  throw new DataError(`there is no state dict in it${found}`);
}

function tensorsOf(value: TorchValue | undefined): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>();
  if (!(value instanceof Map)) return tensors;
  for (const [name, tensor] of value) {
    if (typeof name === "string" && isTensor(tensor)) tensors.set(name, tensor);
  }
  return tensors;
}

function keyName(key: TorchValue): string {
  return typeof key === "string" || typeof key === "number" ? String(key) : "…";
}
