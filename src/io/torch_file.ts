import { DataError } from "../errors.ts";
import { ByteReader } from "./byte_reader.ts";
import { type ByteSource, readingFile } from "./file_source.ts";
import { printable } from "./file_error.ts";
import { bytesPerElement, type HostTensor, isTensor } from "./host_tensor.ts";
import { type PickleHooks, unpickle } from "./pickle.ts";
import { keyText, TorchObjects } from "./torch_objects.ts";
import { ZipArchive } from "./zip_archive.ts";

/**
 * What torch.save can hold here: None, numbers (bigint beyond 2⁵³), text, bytes, tensors (parameters too),
 * lists and tuples as arrays, dicts as Maps, sets; a torch.Size as an array, a torch.device or dtype as text.
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
 * Reads a file of torch.save: the ZIP archive that PyTorch writes since 1.6, or the legacy format, sequences
 * of pickles and raw numbers. No code of the file is run. Tensors on any device arrive in the host's memory;
 * those that look into one storage get memory of their own.
 *
 * @throws DataError, one line naming the file, where it is damaged or holds anything but tensors and plain
 * containers.
 */
export function readTorchFile(path: string): Promise<TorchValue> {
  return readingFile(path, (source) => {
    return isZip(source) ? readZip(source) : readLegacy(source);
  });
}

/** Whether the source begins as a ZIP archive does. */
export function isZip(source: ByteSource): boolean {
  return source.size >= 4 && new DataView(source.read(0, 4).buffer).getUint32(0, false) === 0x504b0304;
}

/** Tied weights and moving averages may repeat a storage; more than this is no model. */
function byteLimit(source: ByteSource): number {
  return 64 * 2 ** 20 + 4 * source.size;
}

/** Members, in a folder of any name: data.pkl, data/KEY for each storage, and byteorder since PyTorch 2.1. */
function readZip(source: ByteSource): TorchValue {
  const archive = new ZipArchive(source);
  const limit = byteLimit(source);
  const pickle = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) throw new DataError("it is a ZIP archive, but not one of torch.save: it has no data.pkl");
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
        `storage ${printable(key)} has ${content.size} bytes, and its tensors need ${storage.byteLength}`,
      );
    }
    const bytes = content.read(0, storage.byteLength);
    if (isBigEndian) swapBytes(bytes, bytesPerElement(storage.dtype));
    storage.fill(bytes);
  }
  return value as TorchValue;
}

/**
 * Five pickles (magic number, protocol version, the writer's system, the object, the keys of the storages),
 * then for each key its storage's element count as int64 and its elements; both are little-endian on every
 * system.
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
  if (!Array.isArray(keys)) throw new DataError("the list of its storages is missing");
  const missing = new Map(objects.storages);
  for (const key of keys.map(keyText)) {
    const storage = missing.get(key);
    if (!missing.delete(key) || !storage) {
      throw new DataError(`it holds a storage ${printable(key)} of no tensor`);
    }
    if (reader.uint64() !== storage.count) {
      throw new DataError(`storage ${printable(key)} has another size than said`);
    }
    storage.fill(reader.bytes(storage.byteLength));
  }
  if (missing.size > 0) throw new DataError(`${missing.size} of its storages are missing`);
  return value as TorchValue;
}

/** A file of another kind is no damaged pickle, so its first bytes are not worth an error of their own. */
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
    throw new DataError("the file is damaged: a storage is named outside of its object");
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
 * The tensors of a state dict by name, where `value` is one, or a checkpoint that holds one under
 * `state_dict`, `model`, `model_state_dict` or `net`. What is not a tensor is left out.
 *
 * @throws DataError, without a file's name, where there is none.
 */
export function stateDict(value: TorchValue): Map<string, HostTensor> {
  const places = ["state_dict", "model", "model_state_dict", "net"];
  const nested = value instanceof Map ? places.map((place) => value.get(place)) : [];
  for (const candidate of [...nested, value]) {
    const tensors = tensorsOf(candidate);
    if (tensors.size > 0) return tensors;
  }
  const holds = value instanceof Map
    ? `its keys are ${printable([...value.keys()].map(keyName).join(", "))}`
    : "";
  throw new DataError(`there is no state dict in it${holds && `: ${holds}`}`);
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
