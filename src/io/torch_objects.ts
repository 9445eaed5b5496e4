/** The classes and functions that a file written by `torch.save` may refer to. */

import { DataError } from "../errors.ts";
import { Budget } from "./budget.ts";
import { bytesPerElement, type DType, type HostTensor, isTensor } from "./host_tensor.ts";
import { OpaqueObject, PickleGlobal, type PickleHooks, type PickleValue } from "./pickle_machine.ts";
import { printable } from "./printable.ts";
import { storageTypes, TorchStorage, untypedStorageSizes } from "./torch_storage.ts";

/** What the pickle handles as a storage: the whole of one or, in the oldest files, a part of it. */
class StoragePart {
  /** @param offset in elements of the storage */
  constructor(readonly storage: TorchStorage, readonly offset: number, readonly type: string) {}
}

const maxRank = 64;
const maxItems = 4_000_000;

/** PyTorch's names of element types. Those without a type here are null; tensors of them cannot be read. */
const torchDtypes: Record<string, DType | null> = {
  ...{
    float64: "F64",
    float32: "F32",
    float16: "F16",
    bfloat16: "BF16",
    double: "F64",
    float: "F32",
    half: "F16",
  },
  ...{ int64: "I64", int32: "I32", int16: "I16", int8: "I8", long: "I64", int: "I32", short: "I16" },
  ...{ uint64: "U64", uint32: "U32", uint16: "U16", uint8: "U8", bool: "BOOL" },
  ...{ float8_e4m3fn: "F8_E4M3", float8_e5m2: "F8_E5M2" },
  ...{ float8_e4m3fnuz: "F8_E4M3FNUZ", float8_e5m2fnuz: "F8_E5M2FNUZ" },
  ...{ complex32: null, complex64: null, complex128: null, cfloat: null, cdouble: null, chalf: null },
  ...{ quint8: null, qint8: null, qint32: null, quint4x2: null, quint2x4: null, float8_e8m0fnu: null },
};

/**
 * Resolves the names in a file that `torch.save` wrote: tensors, and the containers and plain values that state dicts
 * and optimizer states consist of. A call of anything else is not made; it becomes an {@linkcode OpaqueObject}.
 */
export class TorchObjects implements PickleHooks {
  /** The storages that the pickle refers to, by key, in order of appearance. */
  readonly storages = new Map<string, TorchStorage>();
  private readonly storageBytes: Budget;
  private readonly items = new Budget(maxItems, `the pickle's containers have more than ${maxItems} items`);

  /** @param byteLimit the most bytes that all storages together may take */
  constructor(byteLimit: number) {
    this.storageBytes = new Budget(
      byteLimit,
      `its tensors would take more than ${byteLimit} bytes, far more than the file holds`,
    );
  }

  findGlobal(name: string): PickleValue {
    // Python 2 had other names, and early versions of PyTorch put the device into the name of a type.
    const modern = name.replace(/^__builtin__\./, "builtins.").replace(/^torch\.cuda\./, "torch.");
    if (Object.hasOwn(this.callables, modern)) return new PickleGlobal(modern, this.callables[modern]!);
    const attribute = /^torch\.(?:storage\.)?(\w+)$/.exec(modern)?.[1] ?? "";
    if (modern.startsWith("torch.") && Object.hasOwn(torchDtypes, attribute)) return `torch.${attribute}`;
    const isStorage = Object.hasOwn(storageTypes, attribute) || Object.hasOwn(untypedStorageSizes, attribute);
    const shown = printable(isStorage ? attribute : modern);
    return new PickleGlobal(shown, (args) => new OpaqueObject(shown, args));
  }

  /**
   * Resolves a reference to a storage, or to the class of a pickled module.
   *
   * @param id ("storage", storage type, key, device, element count) and, in legacy files, (view key, offset, count)
   * or None; or ("module", class, file, source code), whose code is ignored
   * @throws {DataError} if the reference is malformed or contradicts another one to the same storage
   */
  persistentLoad(id: PickleValue): PickleValue {
    const [kind, type, key, , count, view] = asArray(id, "the reference to a storage");
    if (kind === "module" && type instanceof PickleGlobal) return type;
    if (kind !== "storage") {
      throw new DataError(
        `the pickle refers to ${describe(kind)}; only references to storages are supported`,
      );
    }
    const typeName = type instanceof PickleGlobal ? type.name : "";
    const dtype = Object.hasOwn(storageTypes, typeName) ? storageTypes[typeName]! : undefined;
    const size = dtype ? bytesPerElement(dtype) : untypedStorageSizes[typeName];
    if (size === undefined) throw new DataError(`a storage has an unknown element type`);
    const storage = this.storage(keyText(key), asCount(count, "a storage's element count"), size, dtype);
    if (view === null || view === undefined) return new StoragePart(storage, 0, typeName);

    const [, offset, length] = asArray(view, "the view of a storage");
    const part = new StoragePart(storage, asCount(offset, "a view's offset"), typeName);
    if (part.offset + asCount(length, "a view's size") > storage.count) {
      throw new DataError("a view reaches past the end of its storage");
    }
    return part;
  }

  private storage(key: string, count: number, size: number, dtype: DType | undefined): TorchStorage {
    const known = this.storages.get(key);
    if (known) {
      if (known.dtype === dtype && known.count === count && known.elementSize === size) return known;
      throw new DataError(`storage ${printable(key)} is described twice, differently`);
    }
    const storage = new TorchStorage(count, size, dtype);
    this.storageBytes.spend(storage.byteLength);
    this.storages.set(key, storage);
    return storage;
  }

  /**
   * Creates a tensor.
   *
   * @param args the storage, the offset in elements of the tensor, the shape and the stride
   * @param dtype the tensor's element type as text; default: that of the storage
   */
  private rebuildTensor(args: PickleValue[], dtype?: PickleValue): HostTensor | OpaqueObject {
    const [part, offset, size, stride] = args;
    if (part instanceof OpaqueObject) return part;
    if (!(part instanceof StoragePart)) throw new DataError("a tensor has no storage");
    const shape = asSizes(size, "a tensor's shape");
    const strides = asSizes(stride, "a tensor's stride");
    if (shape.length !== strides.length) {
      throw new DataError(`a tensor of shape [${shape}] has ${strides.length} strides`);
    }
    // The memory that its description takes.
    this.items.spend(16 + 8 * shape.length);
    const type = dtype === undefined ? part.storage.dtype : dtypeNamed(dtype);
    if (!type) return new OpaqueObject(`a tensor of ${dtype === undefined ? part.type : describe(dtype)}`);
    const first = part.offset * part.storage.elementSize;
    const start = first + asCount(offset, "a tensor's offset") * bytesPerElement(type);
    return part.storage.tensor({ dtype: type, shape, stride: strides, start });
  }

  private list(items: PickleValue, type: string): PickleValue[] | OpaqueObject {
    const list = items instanceof Set ? [...items] : items;
    if (!Array.isArray(list)) return new OpaqueObject(type, [items]);
    this.items.spend(list.length);
    return [...list];
  }

  private set(items: PickleValue, type: string): Set<PickleValue> | OpaqueObject {
    const list = this.list(items, type);
    return Array.isArray(list) ? new Set(list) : list;
  }

  private map(items: PickleValue, type: string): Map<PickleValue, PickleValue> | OpaqueObject {
    if (items instanceof Map) {
      this.items.spend(items.size);
      return new Map(items);
    }
    const list = this.list(items, type);
    if (!Array.isArray(list)) return list;
    return new Map(list.map((item): [PickleValue, PickleValue] => {
      const [key, value] = asArray(item, "a dict's item");
      return [key, value];
    }));
  }

  /** Protocol 2 has no type for bytes. It encodes them as text of the characters 0 to 255. */
  private bytes(text: PickleValue): PickleValue {
    if (text instanceof OpaqueObject || text instanceof Uint8Array) return text;
    if (typeof text !== "string") return new OpaqueObject("bytes", [text]);
    this.items.spend(8 + text.length);
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  }

  /** What protocols 0 and 1 create an object with: its class, a base class, and the base class's value. */
  private object([type, , value]: PickleValue[]): PickleValue {
    const object = new OpaqueObject(type instanceof PickleGlobal ? type.name : "an object");
    if (value instanceof Map) object.items = value;
    return object;
  }

  private readonly callables: Record<string, (args: PickleValue[]) => PickleValue> = {
    "torch._utils._rebuild_tensor": (args) => this.rebuildTensor(args),
    "torch._utils._rebuild_tensor_v2": (args) => this.rebuildTensor(args),
    // (storage, offset, shape, stride, requires_grad, hooks, dtype)
    "torch._utils._rebuild_tensor_v3": (args) => this.rebuildTensor(args, args[6] ?? null),
    "torch._utils._rebuild_parameter": ([data]) => asTensor(data),
    "torch._utils._rebuild_parameter_with_state": ([data]) => asTensor(data),
    "torch.nn.parameter.Parameter": (args) => {
      return args.length === 0 ? new OpaqueObject("torch.nn.parameter.Parameter") : asTensor(args[0]);
    },
    // (function, class, arguments, attributes): a tensor with additional attributes
    "torch._tensor._rebuild_from_type_v2": ([rebuild, , args]) => {
      // A function that names itself would never end.
      if (!(rebuild instanceof PickleGlobal) || rebuild.name.startsWith("torch._tensor.")) {
        throw new DataError("a tensor does not say how to rebuild it");
      }
      return asTensor(rebuild.call(asArray(args, "the description of a tensor")));
    },
    "torch.Size": ([sizes = []]) => asSizes(sizes, "a torch.Size"),
    "torch.device": (args) => args.slice(0, 2).map(describe).join(":"),
    "collections.OrderedDict": ([items = []]) => this.map(items, "collections.OrderedDict"),
    "collections.Counter": ([items = []]) => this.map(items, "collections.Counter"),
    // The first argument makes the default values.
    "collections.defaultdict": ([, items = []]) => this.map(items, "collections.defaultdict"),
    "collections.deque": ([items = []]) => this.list(items, "collections.deque"),
    "builtins.dict": ([items = []]) => this.map(items, "dict"),
    "builtins.list": ([items = []]) => this.list(items, "list"),
    "builtins.tuple": ([items = []]) => this.list(items, "tuple"),
    "builtins.set": ([items = []]) => this.set(items, "set"),
    "builtins.frozenset": ([items = []]) => this.set(items, "frozenset"),
    "_codecs.encode": ([text]) => this.bytes(text),
    "builtins.bytes": ([text = ""]) => this.bytes(text),
    "builtins.bytearray": ([text = ""]) => this.bytes(text),
    "copyreg._reconstructor": (args) => this.object(args),
    "copy_reg._reconstructor": (args) => this.object(args),
  };
}

/** The element type that a pickle names "torch.uint16"; null if it has no type here. */
function dtypeNamed(text: PickleValue): DType | null {
  const name = typeof text === "string" ? text.replace(/^torch\./, "") : "";
  if (!Object.hasOwn(torchDtypes, name)) {
    throw new DataError(`a tensor has the element type ${describe(text)}`);
  }
  return torchDtypes[name]!;
}

function asTensor(value: PickleValue): HostTensor | OpaqueObject {
  if (isTensor(value) || value instanceof OpaqueObject) return value;
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
    return printable(typeof value === "string" ? value : String(value));
  }
  if (value instanceof OpaqueObject) return printable(value.type);
  return Array.isArray(value) ? "a list" : "an object";
}
