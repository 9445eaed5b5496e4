import { DataError } from "../errors.ts";
import { printable } from "./file_error.ts";
import { bytesPerElement, type DType, elementCount, type HostTensor, isTensor } from "./host_tensor.ts";
import { PickleGlobal, type PickleHooks, type PickleValue } from "./pickle.ts";
import { storageTypes, TorchStorage } from "./torch_storage.ts";

/** What the pickle passes around as a storage: all of one, or, in the oldest files, a part. */
class StoragePart {
  constructor(readonly storage: TorchStorage, readonly offset: number, readonly count: number) {}
}

/**
 * What a file may spend. A pickle can copy a list, or look at an element, again and again, so that a kilobyte
 * could ask for all the memory there is.
 */
class Budget {
  #left: number;

  constructor(limit: number, readonly refusal: string) {
    this.#left = limit;
  }

  spend(amount: number): void {
    this.#left -= amount;
    if (!(this.#left >= 0)) throw new DataError(this.refusal);
  }
}

const maxRank = 64;
const maxItems = 4_000_000;
const torchDtypes = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool".split(" ");

/**
 * The names that a file of torch.save may use, and what each stands for here: tensors, and the containers and
 * few plain values that state dicts and optimizer states are made of.
 */
export class TorchObjects implements PickleHooks {
  /** By their keys, in the order of the pickle. */
  readonly storages = new Map<string, TorchStorage>();
  readonly #tensorBytes: Budget;
  readonly #storageBytes: Budget;
  readonly #items = new Budget(maxItems, `the pickle's containers have more than ${maxItems} items`);

  /** `byteLimit`: what the tensors may take together, and the storages. */
  constructor(byteLimit: number) {
    const refusal = `its tensors would take more than ${byteLimit} bytes, far more than the file holds`;
    this.#tensorBytes = new Budget(byteLimit, refusal);
    this.#storageBytes = new Budget(byteLimit, refusal);
  }

  findGlobal(name: string): PickleValue {
    // Python 2's names, and those of the first versions on a GPU, where the type told the device.
    const modern = name.replace(/^__builtin__\./, "builtins.").replace(/^torch\.cuda\./, "torch.");
    if (Object.hasOwn(this.#callables, modern)) return new PickleGlobal(modern, this.#callables[modern]!);
    const [module, attribute = ""] = modern.split(".");
    if (module !== "torch" || modern !== `torch.${attribute}`) return undefined;
    if (torchDtypes.includes(attribute)) return modern;
    return Object.hasOwn(storageTypes, attribute) ? new PickleGlobal(attribute, refuseCall) : undefined;
  }

  /**
   * `id`: ("storage", storage type, key, device, element count, and in legacy files (view key, offset, count)
   * or None).
   */
  persistentLoad(id: PickleValue): PickleValue {
    const [kind, type, key, , count, view] = asArray(id, "the reference to a storage");
    if (kind !== "storage") {
      throw new DataError(`the pickle refers to ${describe(kind)}, where only storages are known`);
    }
    const dtype = type instanceof PickleGlobal ? storageTypes[type.name] : undefined;
    if (!dtype) throw new DataError(`a storage has no known element type`);
    const storage = this.#storage(keyText(key), dtype, asCount(count, "a storage's element count"));
    if (view === null || view === undefined) return new StoragePart(storage, 0, storage.count);

    const [, offset, size] = asArray(view, "the view of a storage");
    const part = new StoragePart(storage, asCount(offset, "a view's offset"), asCount(size, "a view's size"));
    if (part.offset + part.count > storage.count) {
      throw new DataError("a view looks past the end of its storage");
    }
    return part;
  }

  #storage(key: string, dtype: DType, count: number): TorchStorage {
    const known = this.storages.get(key);
    if (known) {
      if (known.dtype === dtype && known.count === count) return known;
      throw new DataError(`storage ${printable(key)} is described twice, in different ways`);
    }
    const storage = new TorchStorage(dtype, count);
    this.#storageBytes.spend(storage.byteLength);
    this.storages.set(key, storage);
    return storage;
  }

  #rebuildTensor(parameters: PickleValue[]): HostTensor {
    const [part, offset, size, stride] = parameters;
    if (!(part instanceof StoragePart)) throw new DataError("a tensor has no storage");
    const shape = asSizes(size, "a tensor's shape");
    const strides = asSizes(stride, "a tensor's stride");
    if (shape.length !== strides.length) {
      throw new DataError(`a tensor of shape [${shape}] has ${strides.length} strides`);
    }
    this.#tensorBytes.spend(elementCount(shape) * bytesPerElement(part.storage.dtype));
    return part.storage.tensor(part.offset + asCount(offset, "a tensor's offset"), shape, strides);
  }

  #list(items: PickleValue): PickleValue[] {
    const list = asArray(items, "the content of a container");
    this.#items.spend(list.length);
    return [...list];
  }

  #map(items: PickleValue): Map<PickleValue, PickleValue> {
    const pairs = this.#list(items).map((item): [PickleValue, PickleValue] => {
      const [key, value] = asArray(item, "a dict's item");
      return [key, value];
    });
    return new Map(pairs);
  }

  /** Protocol 2 has no bytes: it holds them as text of the characters 0 to 255. */
  #bytes(text: PickleValue): Uint8Array {
    if (typeof text !== "string") throw new DataError(`the pickle encodes ${describe(text)} as bytes`);
    this.#items.spend(text.length);
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }

  readonly #callables: Record<string, (parameters: PickleValue[]) => PickleValue> = {
    "torch._utils._rebuild_tensor": (parameters) => this.#rebuildTensor(parameters),
    "torch._utils._rebuild_tensor_v2": (parameters) => this.#rebuildTensor(parameters),
    "torch._utils._rebuild_parameter": ([data]) => asTensor(data),
    "torch._utils._rebuild_parameter_with_state": ([data]) => asTensor(data),
    "torch.nn.parameter.Parameter": ([data]) => asTensor(data),
    // (function, class, its parameters, attributes): a parameter to which someone has added attributes
    "torch._tensor._rebuild_from_type_v2": ([rebuild, , parameters]) => {
      // Only those above: one that names itself again would never end.
      if (!(rebuild instanceof PickleGlobal && rebuild.name.startsWith("torch._utils."))) {
        throw new DataError("a tensor does not say how to rebuild it");
      }
      return asTensor(rebuild.call(asArray(parameters, "the description of a tensor")));
    },
    "torch.Tensor": refuseCall,
    "torch.Size": ([sizes = []]) => asSizes(sizes, "a torch.Size"),
    "torch.device": (parameters) => parameters.slice(0, 2).map(describe).join(":"),
    "collections.OrderedDict": ([items = []]) => this.#map(items),
    "builtins.dict": ([items = []]) => this.#map(items),
    "builtins.list": ([items = []]) => this.#list(items),
    "builtins.tuple": ([items = []]) => this.#list(items),
    "builtins.set": ([items = []]) => new Set(this.#list(items)),
    "builtins.frozenset": ([items = []]) => new Set(this.#list(items)),
    "_codecs.encode": ([text]) => this.#bytes(text),
    "builtins.bytes": () => new Uint8Array(),
  };
}

function refuseCall(): never {
  throw new DataError("the pickle calls a class that is known here by name only");
}

function asTensor(value: PickleValue): HostTensor {
  if (isTensor(value)) return value;
  throw new DataError("a parameter holds no tensor");
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

/** A storage's key: text, or a number in files of Python 2. */
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
