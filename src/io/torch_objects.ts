/** The classes and functions that a file written by `torch.save` may refer to. */

import { DataError } from "../errors.ts";
import { bytesPerElement, type DType, type HostTensor, isTensor, shapeSize } from "./host_tensor.ts";
import { PickleGlobal, type PickleHooks, type PickleValue } from "./pickle.ts";
import { printable } from "./printable.ts";
import { storageTypes, TorchStorage } from "./torch_storage.ts";

/** What the pickle handles as a storage: the whole of one or, in the oldest files, a part of it. */
class StoragePart {
  constructor(readonly storage: TorchStorage, readonly offset: number, readonly count: number) {}
}

/**
 * A limit on the memory that a file may use. A pickle can copy a list or repeat an element any number of times, so a
 * file of one kilobyte could ask for all memory.
 */
class Budget {
  private left: number;

  /** @param refusal the message of the error when more than `limit` is spent */
  constructor(limit: number, readonly refusal: string) {
    this.left = limit;
  }

  /** @throws {DataError} if less than `amount` is left */
  spend(amount: number): void {
    this.left -= amount;
    if (!(this.left >= 0)) throw new DataError(this.refusal);
  }
}

const maxRank = 64;
const maxItems = 4_000_000;
const torchDtypes = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split(" ");

/**
 * Resolves the names in a file that `torch.save` wrote: tensors, and the containers and plain values that state dicts
 * and optimizer states consist of. Every other name is refused.
 */
export class TorchObjects implements PickleHooks {
  /** The storages that the pickle refers to, by key, in order of appearance. */
  readonly storages = new Map<string, TorchStorage>();
  private readonly tensorBytes: Budget;
  private readonly storageBytes: Budget;
  private readonly items = new Budget(maxItems, `the pickle's containers have more than ${maxItems} items`);

  /** @param byteLimit the most bytes that all tensors together, and all storages together, may take */
  constructor(byteLimit: number) {
    const refusal = `its tensors would take more than ${byteLimit} bytes, far more than the file holds`;
    this.tensorBytes = new Budget(byteLimit, refusal);
    this.storageBytes = new Budget(byteLimit, refusal);
  }

  findGlobal(name: string): PickleValue {
    // Python 2 had other names, and early versions of PyTorch put the device into the name of a type.
    const modern = name.replace(/^__builtin__\./, "builtins.").replace(/^torch\.cuda\./, "torch.");
    if (Object.hasOwn(this.callables, modern)) return new PickleGlobal(modern, this.callables[modern]!);
    const [module, attribute = ""] = modern.split(".");
    if (module !== "torch" || modern !== `torch.${attribute}`) return undefined;
    if (torchDtypes.includes(attribute)) return modern;
    return Object.hasOwn(storageTypes, attribute) ? new PickleGlobal(attribute, refuseCall) : undefined;
  }

  /**
   * Resolves a reference to a storage.
   *
   * @param id ("storage", storage type, key, device, element count) and, in legacy files, (view key, offset, count)
   * or None
   * @throws {DataError} if the reference is malformed or contradicts another one to the same storage
   */
  persistentLoad(id: PickleValue): PickleValue {
    const [kind, type, key, , count, view] = asArray(id, "the reference to a storage");
    if (kind !== "storage") {
      throw new DataError(
        `the pickle refers to ${describe(kind)}; only references to storages are supported`,
      );
    }
    const dtype = type instanceof PickleGlobal ? storageTypes[type.name] : undefined;
    if (!dtype) throw new DataError(`a storage has an unknown element type`);
    const storage = this.storage(keyText(key), dtype, asCount(count, "a storage's element count"));
    if (view === null || view === undefined) return new StoragePart(storage, 0, storage.count);

    const [, offset, size] = asArray(view, "the view of a storage");
    const part = new StoragePart(storage, asCount(offset, "a view's offset"), asCount(size, "a view's size"));
    if (part.offset + part.count > storage.count) {
      throw new DataError("a view reaches past the end of its storage");
    }
    return part;
  }

  private storage(key: string, dtype: DType, count: number): TorchStorage {
    const known = this.storages.get(key);
    if (known) {
      if (known.dtype === dtype && known.count === count) return known;
      throw new DataError(`storage ${printable(key)} is described twice, differently`);
    }
    const storage = new TorchStorage(dtype, count);
    this.storageBytes.spend(storage.byteLength);
    this.storages.set(key, storage);
    return storage;
  }

  private rebuildTensor(args: PickleValue[]): HostTensor {
    const [part, offset, size, stride] = args;
    if (!(part instanceof StoragePart)) throw new DataError("a tensor has no storage");
    const shape = asSizes(size, "a tensor's shape");
    const strides = asSizes(stride, "a tensor's stride");
    if (shape.length !== strides.length) {
      throw new DataError(`a tensor of shape [${shape}] has ${strides.length} strides`);
    }
    this.tensorBytes.spend(shapeSize(shape) * bytesPerElement(part.storage.dtype));
    return part.storage.tensor(part.offset + asCount(offset, "a tensor's offset"), shape, strides);
  }

  private list(items: PickleValue): PickleValue[] {
    const list = asArray(items, "the content of a container");
    this.items.spend(list.length);
    return [...list];
  }

  private map(items: PickleValue): Map<PickleValue, PickleValue> {
    const pairs = this.list(items).map((item): [PickleValue, PickleValue] => {
      const [key, value] = asArray(item, "a dict's item");
      return [key, value];
    });
    return new Map(pairs);
  }

  /** Protocol 2 has no type for bytes. It encodes them as text of the characters 0 to 255. */
  private bytes(text: PickleValue): Uint8Array {
    if (typeof text !== "string") throw new DataError(`the pickle encodes ${describe(text)} as bytes`);
    this.items.spend(text.length);
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }

  private readonly callables: Record<string, (args: PickleValue[]) => PickleValue> = {
    "torch._utils._rebuild_tensor": (args) => this.rebuildTensor(args),
    "torch._utils._rebuild_tensor_v2": (args) => this.rebuildTensor(args),
    "torch._utils._rebuild_parameter": ([data]) => asTensor(data),
    "torch._utils._rebuild_parameter_with_state": ([data]) => asTensor(data),
    "torch.nn.parameter.Parameter": ([data]) => asTensor(data),
    // (function, class, arguments, attributes): a tensor with additional attributes
    "torch._tensor._rebuild_from_type_v2": ([rebuild, , args]) => {
      // Only the functions above, because a function that names itself would never end.
      if (!(rebuild instanceof PickleGlobal && rebuild.name.startsWith("torch._utils."))) {
        throw new DataError("a tensor does not say how to rebuild it");
      }
      return asTensor(rebuild.call(asArray(args, "the description of a tensor")));
    },
    "torch.Tensor": refuseCall,
    "torch.Size": ([sizes = []]) => asSizes(sizes, "a torch.Size"),
    "torch.device": (args) => args.slice(0, 2).map(describe).join(":"),
    "collections.OrderedDict": ([items = []]) => this.map(items),
    "builtins.dict": ([items = []]) => this.map(items),
    "builtins.list": ([items = []]) => this.list(items),
    "builtins.tuple": ([items = []]) => this.list(items),
    "builtins.set": ([items = []]) => new Set(this.list(items)),
    "builtins.frozenset": ([items = []]) => new Set(this.list(items)),
    "_codecs.encode": ([text]) => this.bytes(text),
    "builtins.bytes": () => new Uint8Array(),
  };
}

function refuseCall(): never {
  throw new DataError("the pickle calls a class that is only supported by name");
}

function asTensor(value: PickleValue): HostTensor {
  if (isTensor(value)) return value;
  throw new DataError("a parameter is not a tensor");
}

function asArray(value: PickleValue, what: string): PickleValue[] {
  if (Array.isArray(value)) return value;
  throw new DataError(`${what} is ${describe(value)}, not a list`);
}

function asCount(value: PickleValue, what: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new DataError(`${what} is ${describe(value)}, not a count`);
}

function asSizes(value: PickleValue, what: string): number[] {
  const sizes = asArray(value, what);
  if (sizes.length > maxRank) {
    throw new DataError(`${what} has ${sizes.length} dimensions, more than ${maxRank}`);
  }
  return sizes.map((size) => asCount(size, what));
}

/**
 * A storage's key as text. Files of Python 2 have numbers.
 *
 * @throws {DataError} if the key is neither text nor a number
 */
export function keyText(key: PickleValue): string {
  if (typeof key === "string" || typeof key === "number") return String(key);
  throw new DataError(`a storage's key is ${describe(key)}`);
}

function describe(value: PickleValue): string {
  if (value === null || ["string", "number", "bigint", "boolean"].includes(typeof value)) {
    return printable(String(value));
  }
  return Array.isArray(value) ? "a list" : "an object";
}
