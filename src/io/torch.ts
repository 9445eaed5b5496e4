/** The formats of PyTorch's `torch.save`. */

import { DataError } from "../errors.ts";
import { Budget } from "./budget.ts";
import { ByteReader } from "./byte_reader.ts";
import { type ByteSource, memorySource } from "./byte_source.ts";
import type { HostTensor } from "./host_tensor.ts";
import { unpickle } from "./pickle.ts";
import type { OpaqueObject, PickleHooks } from "./pickle_machine.ts";
import { printable } from "./printable.ts";
import { keyText, TorchObjects } from "./torch_objects.ts";
import { ZipArchive } from "./zip_archive.ts";

/**
 * A value that `torch.save` wrote. None becomes null; integers of 2⁵³ and more become bigints; lists, tuples and
 * `torch.Size` become arrays; dicts become Maps; `torch.device` and dtypes become text; parameters become tensors.
 * Objects of other classes become opaque objects.
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | HostTensor
  | OpaqueObject
  | TorchValue[]
  | Map<TorchValue, TorchValue>
  | Set<TorchValue>;

/** The content of a file that `torch.save` wrote, whose tensors have no elements yet. */
export interface TorchFile {
  value: TorchValue;
  /** All tensors in the file that have elements. */
  tensors: ReadonlySet<HostTensor>;
  /**
   * Reads the elements of some of the tensors. It can be called once.
   *
   * @throws {DataError} if the bytes are missing or damaged, or the tensors would take far more memory than the file
   */
  fill(wanted: ReadonlySet<HostTensor>): void;
}

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/**
 * Reads the bytes of a file that `torch.save` wrote: a ZIP archive (PyTorch 1.6 and later) or the legacy format, a
 * sequence of pickles and raw numbers. No code from the file is run. Tensors of any device are loaded into host memory,
 * and tensors that share a storage in the file get separate copies.
 *
 * @throws {DataError} if the bytes are damaged; the message does not name a file
 */
export function decodeTorch(source: ByteSource): TorchValue {
  const { value, tensors, fill } = openTorch(source);
  fill(tensors);
  return value;
}

/**
 * Reads the objects in a file that `torch.save` wrote, but not yet the elements of its tensors.
 *
 * @throws {DataError} if the bytes are damaged; the message does not name a file
 */
export function openTorch(source: ByteSource): TorchFile {
  return isZip(source) ? openZip(source) : openLegacy(source);
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
function openZip(source: ByteSource): TorchFile {
  const limit = byteLimit(source);
  const archive = new ZipArchive(source, limit);
  const pickle = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) {
    throw new DataError("it is a ZIP archive, but not one written by torch.save: it has no data.pkl");
  }
  const folder = pickle.slice(0, -"data.pkl".length);

  const objects = new TorchObjects(limit);
  const value = unpickle(new ByteReader(memorySource(archive.read(pickle))), objects) as TorchValue;
  const swap = archive.has(`${folder}byteorder`) && isBigEndian(archive.read(`${folder}byteorder`));
  const fill = (wanted: ReadonlySet<HostTensor>) => {
    const budget = tensorBudget(limit);
    for (const [key, storage] of objects.storages) {
      if (!storage.isUsedBy(wanted)) continue;
      const bytes = archive.read(`${folder}data/${key}`);
      if (bytes.length < storage.byteLength) {
        throw new DataError(
          `storage ${printable(key)} has ${bytes.length} bytes, but its tensors need ${storage.byteLength}`,
        );
      }
      storage.fill(bytes, wanted, { budget, swap });
    }
  };
  return { value, tensors: tensorsOf(objects), fill };
}

/**
 * The legacy format is five pickles (magic number, protocol version, information about the writing system, the object,
 * the keys of the storages), followed by the storages in the order of their keys: an element count as int64, then the
 * elements. Both are little-endian on every system.
 */
function openLegacy(source: ByteSource): TorchFile {
  const reader = new ByteReader(source);
  if (!startsWithMagic(reader)) {
    throw new DataError("it is not a file of torch.save: PyTorch's magic number is missing");
  }
  const version = unpickle(reader, plainValues);
  if (version !== protocolVersion) throw new DataError(`its protocol version is not ${protocolVersion}`);
  unpickle(reader, plainValues);

  const limit = byteLimit(source);
  const objects = new TorchObjects(limit);
  const value = unpickle(reader, objects) as TorchValue;
  const fill = (wanted: ReadonlySet<HostTensor>) => {
    const budget = tensorBudget(limit);
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
      if (!storage.isUsedBy(wanted)) reader.skip(storage.byteLength);
      else storage.fill(reader.bytes(storage.byteLength), wanted, { budget, swap: false });
    }
    if (missing.size > 0) throw new DataError(`${missing.size} of its storages are missing`);
    if (reader.position > source.size) {
      throw new DataError("the file is cut short: its last storage is incomplete");
    }
  };
  return { value, tensors: tensorsOf(objects), fill };
}

function tensorsOf({ storages }: TorchObjects): Set<HostTensor> {
  return new Set([...storages.values()].flatMap((storage) => [...storage.tensors]));
}

function tensorBudget(limit: number): Budget {
  return new Budget(limit, `its tensors would take more than ${limit} bytes, far more than the file holds`);
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

function isBigEndian(text: Uint8Array): boolean {
  return new TextDecoder().decode(text.subarray(0, 64)).trim() === "big";
}
